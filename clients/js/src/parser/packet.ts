// What a Socket.IO packet is (socket.io-protocol v5), and what a parser is: the two classes that an application may replace
// with the option `parser`. Whether a packet fits the state of a namespace is the socket's business.

import type { Binary, Bytes, WriteOptions } from "../engine/packet.js";

/** The protocol's number, exported as `protocol`. */
export const protocol = 5;

export const CONNECT = 0;
export const DISCONNECT = 1;
export const EVENT = 2;
export const ACK = 3;
export const CONNECT_ERROR = 4;
/** What an EVENT or ACK with attachments adds to its type. */
export const WITH_BINARY = 3;

/** The names of a socket's own events, which neither side may send. */
export const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/** What is said of a message that cannot be part of a packet. */
export const INVALID = "invalid packet";

/** A packet. Of a parser's own invention may be only what `data` holds. */
export interface Packet {
  /** 0 to 4; a parser of the official kind has 5 and 6 for EVENT and ACK with attachments. */
  type: number;
  nsp: string;
  id?: number | undefined;
  data?: unknown;
  /** Of a packet that is sent. */
  options?: WriteOptions;
}

/** One message of the connection. */
export type Frame = string | Binary;

/** Writes packets. */
export interface PacketEncoder {
  /** The messages of one packet, in order. */
  encode(packet: Packet): Frame[];
}

/** Reads packets. One serves a manager; `destroy` is called between two connections. */
export interface PacketDecoder {
  /** Takes a message; throws when that cannot be part of a packet. */
  add(message: string | Bytes): void;
  on(event: "decoded", listener: (packet: Packet) => void): void;
  destroy(): void;
}

/** What the option `parser` takes: `socket.io-parser`, `socket.io-msgpack-parser`, or your own. */
export interface Parser {
  Encoder: new () => PacketEncoder;
  Decoder: new () => PacketDecoder;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
