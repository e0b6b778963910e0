// Engine.IO packets (protocol v4 § Packet encoding): one digit for the type, then the data.
// Binary messages have no digit: they are a frame of their own over WebSocket and `b<base64>` in a polling payload.

import { fromBase64 } from "./base64.js";

/** What a user may send as bytes. */
export type Binary = ArrayBuffer | ArrayBufferView | Blob;

/** Bytes that arrived: an ArrayBuffer, in Node a Buffer unless `binaryType` says otherwise. */
export type Bytes = ArrayBuffer | Uint8Array;

export function isBinary(value: unknown): value is Binary {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value) || value instanceof Blob;
}

const TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"] as const;

/** The packet types of the protocol, and what is none of them. */
export type PacketType = (typeof TYPES)[number] | "error";

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
  return TYPES.indexOf(type as (typeof TYPES)[number]) + (data as string);
}

/** Reads a text packet, `b<base64>` included where there is polling; an `error` with the whole text when it is none. */
export function decodePacket(text: string): EnginePacket {
  const rest = text.slice(1);
  const bytes = POLLING && text[0] === "b" ? fromBase64(rest) : undefined;
  if (bytes) return { type: "message", data: bytes };
  const type = TYPES[text.charCodeAt(0) - 48];
  return type ? { type, data: rest } : { type: "error", data: text };
}
