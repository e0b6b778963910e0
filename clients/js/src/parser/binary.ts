// Bytes inside JSON (socket.io-protocol v5 § Packet encoding): each is taken out and sent after the packet, and a
// placeholder `{"_placeholder":true,"num":k}` stands where it was.
// No walk of our own: JSON's replacer and reviver visit every value, whatever its depth.

import { type Binary, type Bytes, INVALID, isBinary } from "../engine/packet.js";

/** JSON with placeholders, and the bytes that they stand for. */
export interface Taken {
  json: string | undefined;
  attachments: Binary[];
}

/** Writes a value as JSON, taking the bytes out. */
export function takeBinary(value: unknown): Taken {
  const attachments: Binary[] = [];
  // A replacer makes JSON several times slower, and most values have no use for it.
  if (!mayHaveBinary(value)) return { json: JSON.stringify(value), attachments };
  const json = JSON.stringify(value, function (this: Record<string, unknown>, key, converted: unknown) {
    // Node's Buffer has a `toJSON`, which has run by now: look at what stood there before.
    const found = isBinary(this[key]) ? this[key] : converted;
    return isBinary(found) ? { _placeholder: true, num: attachments.push(found) - 1 } : converted;
  });
  return { json, attachments };
}

/** Whether there are bytes in a value, or something that might become bytes. */
function mayHaveBinary(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(mayHaveBinary);
  return isBinary(value) || "toJSON" in value || Object.values(value).some(mayHaveBinary);
}

/** A value whose bytes are still to come. */
export interface Awaiting {
  data: unknown;
  /** Puts the bytes into their places. */
  fill(attachments: Bytes[]): void;
}

/**
 * Reads JSON whose placeholders stand for `count` attachments.
 * @throws Error when it is not JSON, or when the placeholders are not each of 0..count, once.
 */
export function awaitBinary(json: string, count: number): Awaiting {
  /** For each attachment, the object or array that it belongs into, and the key. */
  const places = new Map<unknown, [holder: Record<string, unknown>, key: string]>();
  const data: unknown = JSON.parse(json, function (this: Record<string, unknown>, key, value) {
    if (value?._placeholder === true) {
      const { num } = value;
      if (!(Number.isInteger(num) && num >= 0 && num < count) || places.has(num)) throw new Error(INVALID);
      places.set(num, [this, key]);
    }
    return value;
  });
  if (places.size !== count) throw new Error(INVALID);
  return {
    data,
    fill(attachments) {
      for (const [num, [holder, key]] of places) holder[key] = attachments[num as number];
    },
  };
}
