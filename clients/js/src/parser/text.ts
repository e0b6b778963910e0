// The default parser: `<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]`, then the attachments as binary messages of
// their own (socket.io-protocol v5 § Packet encoding).

import type { Bytes } from "../engine/packet.js";
import { INVALID } from "../engine/packet.js";
import { type Awaiting, awaitBinary, takeBinary } from "./binary.js";
import {
  ACK,
  CONNECT,
  CONNECT_ERROR,
  EVENT,
  type Frame,
  isRecord,
  type Packet,
  type PacketDecoder,
  type PacketEncoder,
  RESERVED,
  WITH_BINARY,
} from "./packet.js";

/** Attachments that a packet may announce; the limit of the official parser. */
export const MAX_ATTACHMENTS = 10;

/** Writes packets. */
export class Encoder implements PacketEncoder {
  /**
   * The text, then the attachments.
   * @throws TypeError for a BigInt, RangeError for a cycle.
   */
  encode({ type, nsp, id, data }: Packet): Frame[] {
    const { json, attachments } = takeBinary(data);
    const head = attachments.length ? `${type + WITH_BINARY}${attachments.length}-` : type;
    return [`${head}${nsp === "/" ? "" : `${nsp},`}${id ?? ""}${json ?? ""}`, ...attachments];
  }
}

interface Partial extends Awaiting {
  packet: Packet;
  count: number;
  attachments: Bytes[];
}

/** Joins messages to packets. */
export class Decoder implements PacketDecoder {
  /** The packet whose attachments are awaited, if any. */
  #partial: Partial | undefined;
  #decoded: (packet: Packet) => void = () => {};

  on(_event: "decoded", listener: (packet: Packet) => void): void {
    this.#decoded = listener;
  }

  /** Forgets a packet that is not complete. */
  destroy(): void {
    this.#partial = undefined;
  }

  /**
   * Takes a message; calls the listener when that completes a packet.
   * @throws Error when the message cannot be part of a packet.
   */
  add(message: string | Bytes): void {
    const packet = typeof message === "string" ? this.#addText(message) : this.#addBinary(message);
    if (packet) this.#decoded(packet);
  }

  #addText(text: string): Packet | undefined {
    const [whole = "", plain, binary, announced, nsp = "/", id] =
      /^(?:([0-4])|([56])(\d{1,9})-)(?:(\/[^,]*),?)?(\d{0,19})/.exec(text) ?? [];
    if (!whole || this.#partial) throw new Error(INVALID);
    const packet: Packet = { type: plain ? +plain : Number(binary) - WITH_BINARY, nsp };
    if (id) packet.id = +id;
    const json = text.slice(whole.length);
    if (binary) {
      const count = Number(announced);
      if (!count || count > MAX_ATTACHMENTS) throw new Error(INVALID);
      this.#partial = { ...awaitBinary(json, count), packet, count, attachments: [] };
      packet.data = this.#partial.data;
    } else if (json) packet.data = JSON.parse(json);
    if ((binary || json) && !isValid(packet)) throw new Error(INVALID);
    return binary ? undefined : packet;
  }

  #addBinary(bytes: Bytes): Packet | undefined {
    const partial = this.#partial;
    if (!partial) throw new Error(INVALID);
    if (partial.attachments.push(bytes) < partial.count) return;
    this.#partial = undefined;
    partial.fill(partial.attachments);
    return partial.packet;
  }
}

function isValid({ type, data }: Packet): boolean {
  if (type === CONNECT) return isRecord(data);
  if (type === CONNECT_ERROR) return isRecord(data) || typeof data === "string";
  return Array.isArray(data) && (type === ACK || (type === EVENT && isEventName(data[0])));
}

function isEventName(name: unknown): boolean {
  return typeof name === "number" || (typeof name === "string" && !RESERVED.includes(name));
}
