// The default parser: `<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]`, then the attachments as binary messages of
// their own (socket.io-protocol v5 § Packet encoding).

import type { Binary, Bytes } from "../engine/packet.js";
import { awaitBinary, type Place, takeBinary } from "./binary.js";
import {
  ACK,
  CONNECT,
  CONNECT_ERROR,
  EVENT,
  type Frame,
  INVALID,
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
    const attachments: Binary[] = [];
    const json = takeBinary(data, attachments);
    const { length } = attachments;
    const head = length ? `${type + WITH_BINARY}${length}-` : type;
    return [`${head}${nsp === "/" ? "" : `${nsp},`}${id ?? ""}${json ?? ""}`, ...attachments];
  }
}

/** Joins messages to packets. */
export class Decoder implements PacketDecoder {
  /** The packet whose attachments are awaited, if any, and where the next ones belong. */
  private _partial: Packet | undefined;
  private _places: (Place | 0)[] = [];
  declare private _decoded: (packet: Packet) => void;

  on(_event: "decoded", listener: (packet: Packet) => void): void {
    this._decoded = listener;
  }

  /** Forgets a packet that is not complete. */
  destroy(): void {
    this._partial = undefined;
  }

  /**
   * Takes a message; calls the listener when that completes a packet.
   * @throws Error when the message cannot be part of a packet.
   */
  add(message: string | Bytes): void {
    let packet = this._partial;
    if (typeof message === "string") {
      if (packet) throw new Error(INVALID);
      packet = this._read(message);
    } else {
      const place = packet && this._places.shift();
      if (!place) throw new Error(INVALID);
      const [holder, key] = place;
      holder[key] = message;
    }
    this._partial = this._places[0] ? packet : undefined;
    if (!this._partial) this._decoded(packet as Packet);
  }

  private _read(text: string): Packet {
    const [whole = "", digit = 0, announced = 0, nsp = "/", id] =
      /^([0-6])(?:([1-9]\d?)-)?(?:(\/[^,]*),?)?(\d{0,19})/.exec(text) ?? [];
    const count = +announced;
    const added = +digit > CONNECT_ERROR ? WITH_BINARY : 0;
    // Attachments are announced by the types that have some, and by no other.
    if (!whole || !added !== !count || count > MAX_ATTACHMENTS) throw new Error(INVALID);
    const packet: Packet = { type: +digit - added, nsp };
    if (id) packet.id = +id;
    const json = text.slice(whole.length);
    this._places = Array(count).fill(0);
    if (json || count) {
      packet.data = count ? awaitBinary(json, this._places) : JSON.parse(json);
      if (!isValid(packet)) throw new Error(INVALID);
    }
    return packet;
  }
}

function isValid({ type, data }: Packet): boolean {
  if (Array.isArray(data)) return type === ACK || (type === EVENT && isEventName(data[0]));
  if (typeof data === "string") return type === CONNECT_ERROR;
  return typeof data === "object" && data !== null && (type === CONNECT || type === CONNECT_ERROR);
}

function isEventName(name: unknown): boolean {
  return typeof name === "number" || (typeof name === "string" && !RESERVED.includes(name));
}
