// Engine.IO packets (protocol v4 § Packet encoding): one digit for the type, then the data.
// Binary messages have no digit: they are a frame of their own over WebSocket and `b<base64>` in a polling payload.

/** What a user may send as bytes. */
export type Binary = ArrayBuffer | ArrayBufferView | Blob;

/** Bytes that arrived: an ArrayBuffer, in Node a Buffer unless `binaryType` says otherwise. */
export type Bytes = ArrayBuffer | Uint8Array;

export function isBinary(value: unknown): value is Binary {
  return (
    value instanceof ArrayBuffer || ArrayBuffer.isView(value) || (typeof Blob === "function" && value instanceof Blob)
  );
}

/** What is said of a message or payload that is none. */
export const INVALID = "invalid packet";

const TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"] as const;

/** The packet types of the protocol. */
export type PacketType = (typeof TYPES)[number];

/** What may be said of a packet that is sent. */
export interface WriteOptions {
  /** Whether to compress it where the transport can. Default: true. */
  compress?: boolean;
}

/** One packet; `data` is missing or empty where a type carries none. */
export interface EnginePacket {
  type: PacketType;
  data?: string | Binary | undefined;
  options?: WriteOptions | undefined;
}

/** Writes a packet that is not binary as text. */
export function encodePacket({ type, data = "" }: EnginePacket): string {
  return TYPES.indexOf(type) + (data as string);
}

/**
 * Reads a text packet.
 * @throws Error when the first character is not a type.
 */
export function decodePacket(text: string): EnginePacket {
  const type = TYPES[text.charCodeAt(0) - 48];
  if (!type) throw new Error(INVALID);
  return { type, data: text.slice(1) };
}
