// Bytes inside JSON (socket.io-protocol v5 § Packet encoding): each is taken out and sent after the packet, and a
// placeholder `{"_placeholder":true,"num":k}` stands where it was.
// No walk of our own: JSON's replacer and reviver visit every value, whatever its depth.

import { type Binary, isBinary } from "../engine/packet.js";
import { INVALID } from "./packet.js";

/** Writes a value as JSON, moving the bytes into `attachments`. */
export function takeBinary(value: unknown, attachments: Binary[]): string | undefined {
  // A replacer makes JSON several times slower, and most values have no use for it.
  if (!mayHaveBinary(value)) return JSON.stringify(value);
  return JSON.stringify(value, function (this: Record<string, unknown>, key, converted: unknown) {
    // Node's Buffer has a `toJSON`, which has run by now: look at what stood there before.
    const found = [this[key], converted].find(isBinary);
    return found ? { _placeholder: true, num: attachments.push(found) - 1 } : converted;
  });
}

/** Whether there are bytes in a value, or something that might become bytes. */
function mayHaveBinary(value: unknown): boolean {
  if (typeof value !== "object" || !value) return false;
  return isBinary(value) || "toJSON" in value || Object.values(value).some(mayHaveBinary);
}

/** Where an attachment belongs: the object or array, and the key. */
export type Place = [holder: Record<string, unknown>, key: string];

/**
 * Reads JSON with a placeholder for each of `places`, which are empty and then filled.
 * @throws Error when it is not JSON, or when the placeholders are not each of those, once.
 */
export function awaitBinary(json: string, places: (Place | 0)[]): unknown {
  const data: unknown = JSON.parse(json, function (this: Record<string, unknown>, key, value) {
    if (value?._placeholder === true) {
      const { num } = value;
      if (typeof num !== "number" || places[num] !== 0) throw new Error(INVALID);
      places[num] = [this, key];
    }
    return value;
  });
  if (places.includes(0)) throw new Error(INVALID);
  return data;
}
