// The parser of `socket.io-msgpack-parser` 3: each packet is one binary message, the MessagePack map
// `{ type, data, nsp, id }`. There are no attachments, for bytes may stand anywhere.

import type { Bytes } from "../engine/packet.js";
import { decode } from "../msgpack/decode.js";
import { encode } from "../msgpack/encode.js";
import {
  ACK,
  CONNECT,
  CONNECT_ERROR,
  DISCONNECT,
  EVENT,
  type Frame,
  isRecord,
  type Packet,
  type PacketDecoder,
  type PacketEncoder,
  RESERVED,
} from "./packet.js";

/** Writes packets. */
export class Encoder implements PacketEncoder {
  /**
   * One binary message.
   * @throws TypeError for a BigInt or a Blob, RangeError for a cycle.
   */
  encode({ type, data, nsp, id }: Packet): Frame[] {
    return [encode({ type, data, nsp, id })];
  }
}

/** Reads packets, each of which is a message. */
export class Decoder implements PacketDecoder {
  #decoded: (packet: Packet) => void = () => {};

  on(_event: "decoded", listener: (packet: Packet) => void): void {
    this.#decoded = listener;
  }

  /** There is nothing to forget. */
  destroy(): void {}

  /**
   * Takes a message; calls the listener with its packet.
   * @throws Error when it is none.
   */
  add(message: string | Bytes): void {
    if (typeof message === "string") throw new Error("text instead of MessagePack");
    const packet = decode(message);
    if (!isRecord(packet) || !isPacket(packet)) throw new Error("not a packet");
    this.#decoded(packet);
  }
}

function isPacket(value: Record<string, unknown>): value is Record<string, unknown> & Packet {
  const { type, data, nsp, id } = value;
  if (typeof nsp !== "string" || !(id === undefined || Number.isInteger(id))) return false;
  switch (type) {
    case CONNECT:
      return data === undefined || isRecord(data);
    case DISCONNECT:
      return data === undefined;
    case CONNECT_ERROR:
      return typeof data === "string" || isRecord(data);
    case EVENT:
      return Array.isArray(data) && !RESERVED.includes(data[0]);
    case ACK:
      return Array.isArray(data);
    default:
      return false;
  }
}
