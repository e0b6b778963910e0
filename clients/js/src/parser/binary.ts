// Bytes inside JSON (socket.io-protocol v5 § Packet encoding): each is taken out and sent after the packet, and a
// placeholder `{"_placeholder":true,"num":k}` stands where it was.
// No walk of our own: JSON's replacer and reviver visit every value, whatever its depth.

import { type Binary, isBinary } from "../engine/packet.js";

/** JSON with placeholders, and the bytes that they stand for. */
export interface Taken {
  json: string | undefined;
  attachments: Binary[];
}

/** Writes a value as JSON, taking the bytes out. */
export function takeBinary(value: unknown): Taken {
  const attachments: Binary[] = [];
  const json = JSON.stringify(value, function (this: Record<string, unknown>, key, converted: unknown) {
    // Node's Buffer has a `toJSON`, which has run by now: look at what stood there before.
    const found = isBinary(this[key]) ? this[key] : converted;
    return isBinary(found) ? { _placeholder: true, num: attachments.push(found) - 1 } : converted;
  });
  return { json, attachments };
}

/** A value whose bytes are still to come. */
export interface Awaiting {
  data: unknown;
  /** Puts the bytes into their places. */
  fill(attachments: (ArrayBuffer | Uint8Array)[]): void;
}

/**
 * Reads JSON whose placeholders stand for `count` attachments.
 * @throws Error when it is not JSON, or when the placeholders are not each of 0..count, once.
 */
export function awaitBinary(json: string, count: number): Awaiting {
  const slots = new Map<unknown, (bytes: ArrayBuffer | Uint8Array) => void>();
  const data: unknown = JSON.parse(json, function (this: Record<string, unknown>, key, value) {
    if (value?._placeholder === true) {
      if (!Number.isInteger(value.num) || value.num < 0 || value.num >= count || slots.has(value.num)) {
        throw new Error("illegal attachments");
      }
      slots.set(value.num, (bytes) => {
        this[key] = bytes;
      });
    }
    return value;
  });
  if (slots.size !== count) throw new Error("illegal attachments");
  return {
    data,
    fill: (attachments) => {
      attachments.forEach((bytes, index) => {
        slots.get(index)?.(bytes);
      });
    },
  };
}
