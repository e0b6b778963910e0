// Engine.IO packets (protocol v4 § Packet encoding): one digit for the type, then the data.
// Binary messages have no digit: they are a frame of their own over WebSocket and `b<base64>` in a polling payload.

/** What a user may send as bytes. */
export type Binary = ArrayBuffer | ArrayBufferView | Blob;

export function isBinary(value: unknown): value is Binary {
  return (
    value instanceof ArrayBuffer || ArrayBuffer.isView(value) || (typeof Blob === "function" && value instanceof Blob)
  );
}

const TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"] as const;

/** The packet types of the protocol. */
export type PacketType = (typeof TYPES)[number];

/** One packet; `data` is empty where a type carries none. */
export interface Packet {
  type: PacketType;
  data: string | Binary;
}

/** Writes a packet that is not binary as text. */
export function encodePacket(packet: Packet): string {
  return TYPES.indexOf(packet.type) + (packet.data as string);
}

/**
 * Reads a text packet.
 * @throws Error when the first character is not a type.
 */
export function decodePacket(text: string): Packet {
  const type = /^[0-6]/.test(text) && TYPES[text.charCodeAt(0) - 48];
  if (!type) throw new Error("unknown packet type");
  return { type, data: text.slice(1) };
}
