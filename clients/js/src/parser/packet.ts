// Socket.IO packets (socket.io-protocol v5): `<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]`, then the
// attachments as binary messages of their own. Whether a packet fits the state of a namespace is the socket's business.

import type { Binary } from "../engine/packet.js";
import { type Awaiting, awaitBinary, takeBinary } from "./binary.js";

/** The protocol's number, exported as `protocol`. */
export const protocol = 5;

export const CONNECT = 0;
export const DISCONNECT = 1;
export const EVENT = 2;
export const ACK = 3;
export const CONNECT_ERROR = 4;
/** What an EVENT or ACK with attachments adds to its type. */
const WITH_BINARY = 3;

/** Attachments that a packet may announce; the limit of the official parser. */
export const MAX_ATTACHMENTS = 10;

/** The names of a socket's own events, which neither side may send. */
export const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/** A packet; one with attachments has the type of the same packet without. */
export interface Packet {
  type: number;
  nsp: string;
  id?: number | undefined;
  data?: unknown;
}

/** What goes over the wire for one packet: its text, then its attachments. */
export type Frames = [string, ...Binary[]];

/**
 * Writes a packet.
 * @throws TypeError when the data cannot be JSON (a cycle, a BigInt).
 */
export function encode({ type, nsp, id, data }: Packet): Frames {
  const { json, attachments } = takeBinary(data);
  const head = attachments.length ? `${type + WITH_BINARY}${attachments.length}-` : type;
  return [`${head}${nsp === "/" ? "" : `${nsp},`}${id ?? ""}${json ?? ""}`, ...attachments];
}

interface Partial extends Awaiting {
  packet: Packet;
  count: number;
  attachments: ArrayBuffer[];
}

/** Joins messages to packets. One per connection; it is useless after it has thrown. */
export class Decoder {
  /** The packet whose attachments are awaited, if any. */
  #partial: Partial | undefined;

  /**
   * Takes a message; gives a packet when that completes one.
   * @throws Error when the message cannot be part of a packet.
   */
  add(message: string | ArrayBuffer): Packet | undefined {
    return typeof message === "string" ? this.#addText(message) : this.#addBinary(message);
  }

  #addText(text: string): Packet | undefined {
    const head = /^(?:([0-4])|([56])(\d{1,9})-)(?:(\/[^,]*),?)?(\d*)/.exec(text);
    if (!head || this.#partial) throw new Error("unexpected text");
    const [whole, plain, binary, announced, nsp, id] = head;
    if (id && id.length > 19) throw new Error("ack id too long");
    const packet: Packet = { type: Number(plain ?? Number(binary) - WITH_BINARY), nsp: nsp ?? "/" };
    if (id) packet.id = Number(id);
    const json = text.slice(whole.length);
    if (binary) {
      const count = Number(announced);
      if (!count || count > MAX_ATTACHMENTS) throw new Error("illegal attachments");
      this.#partial = { ...awaitBinary(json, count), packet, count, attachments: [] };
      packet.data = this.#partial.data;
    } else if (json) packet.data = JSON.parse(json);
    if ((binary || json) && !isValid(packet)) throw new Error("invalid payload");
    return binary ? undefined : packet;
  }

  #addBinary(bytes: ArrayBuffer): Packet | undefined {
    const partial = this.#partial;
    if (!partial) throw new Error("unexpected binary");
    if (partial.attachments.push(bytes) < partial.count) return;
    this.#partial = undefined;
    partial.fill(partial.attachments);
    return partial.packet;
  }
}

function isValid({ type, data }: Packet): boolean {
  switch (type) {
    case CONNECT:
      return isRecord(data);
    case CONNECT_ERROR:
      return isRecord(data) || typeof data === "string";
    case EVENT:
      return (
        Array.isArray(data) &&
        (typeof data[0] === "number" || (typeof data[0] === "string" && !RESERVED.includes(data[0])))
      );
    case ACK:
      return Array.isArray(data);
    default:
      return false;
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
