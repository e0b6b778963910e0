// Reads MessagePack, whoever wrote it. Bytes are copied out of the message: as an `ArrayBuffer`, or as a `Buffer` when the
// message is one. Nothing is reserved on the word of a length: each item must be there before it takes any room.

import type { Bytes } from "../engine/packet.js";

const utf8 = new TextDecoder();

/**
 * Reads one value, which must fill the message.
 * @throws Error when the message is not one value.
 */
export function decode(message: Bytes): unknown {
  const reader = new Reader(message);
  const value = reader.value(0);
  if (reader.left) throw new Error("trailing bytes");
  return value;
}

/** How deep a value may be, far above what JSON parsers of servers allow. */
const MAX_DEPTH = 512;

class Reader {
  #at = 0;
  readonly #message: Bytes;
  readonly #view: DataView;

  constructor(message: Bytes) {
    this.#message = message;
    this.#view =
      message instanceof ArrayBuffer
        ? new DataView(message)
        : new DataView(message.buffer, message.byteOffset, message.byteLength);
  }

  get left(): number {
    return this.#view.byteLength - this.#at;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Error("too deep");
    const code = this.#uint(1);
    if (code < 0x80) return code;
    if (code < 0x90) return this.#map(code & 15, depth);
    if (code < 0xa0) return this.#array(code & 15, depth);
    if (code < 0xc0) return this.#string(code & 31);
    if (code >= 0xe0) return code - 256;
    // What is left comes in runs, each code of which has twice as many bytes as the one before.
    if (code >= 0xde) return this.#map(this.#uint(2 << (code - 0xde)), depth);
    if (code >= 0xdc) return this.#array(this.#uint(2 << (code - 0xdc)), depth);
    if (code >= 0xd9) return this.#string(this.#uint(1 << (code - 0xd9)));
    if (code >= 0xd4) return this.#extension(1 << (code - 0xd4));
    if (code >= 0xd0) return this.#int(1 << (code - 0xd0));
    if (code >= 0xcc) return this.#uint(1 << (code - 0xcc));
    if (code === 0xcb) return this.#view.getFloat64(this.#skip(8));
    if (code === 0xca) return this.#view.getFloat32(this.#skip(4));
    if (code >= 0xc7) return this.#extension(this.#uint(1 << (code - 0xc7)));
    if (code >= 0xc4) return this.#bytes(this.#uint(1 << (code - 0xc4)));
    if (code === 0xc1) throw new Error("no such code");
    return code === 0xc0 ? null : code === 0xc3;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let index = 0; index < length; index++) {
      const key = String(this.value(depth + 1));
      const value = this.value(depth + 1);
      // As JSON.parse does: a property like any other, no prototype.
      if (key === "__proto__")
        Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
      else map[key] = value;
    }
    return map;
  }

  #array(length: number, depth: number): unknown[] {
    const array: unknown[] = [];
    while (array.length < length) array.push(this.value(depth + 1));
    return array;
  }

  #string(length: number): string {
    const at = this.#skip(length);
    return utf8.decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length));
  }

  #bytes(length: number): Bytes {
    const at = this.#skip(length);
    // A Buffer's `slice` would share its memory.
    return this.#message instanceof ArrayBuffer
      ? this.#message.slice(at, at + length)
      : (this.#message.constructor as typeof Uint8Array).from(this.#message.subarray(at, at + length));
  }

  /** Type 0 is notepack's own: `undefined`, dates, bytes. Type -1 is the specification's date. */
  #extension(length: number): unknown {
    const type = this.#int(1);
    const end = this.#at + length;
    if (type === 0 && length === 1) {
      this.#skip(1);
      return undefined;
    }
    if (type === 0 && length === 8) return new Date(this.#int(8));
    if (type === -1 && length === 4) return new Date(this.#uint(4) * 1000);
    if (type === -1 && length === 8) {
      const high = this.#uint(4);
      return new Date(((high & 3) * 2 ** 32 + this.#uint(4)) * 1000 + (high >>> 2) / 1e6);
    }
    if (type === -1 && length === 12) {
      const nanoseconds = this.#uint(4);
      return new Date(this.#int(8) * 1000 + nanoseconds / 1e6);
    }
    const bytes = this.#bytes(end - this.#at);
    return type === 0 ? bytes : [type, bytes];
  }

  #uint(size: number): number {
    const at = this.#skip(size);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at);
    if (size === 4) return this.#view.getUint32(at);
    return this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  #int(size: number): number {
    const at = this.#skip(size);
    if (size === 1) return this.#view.getInt8(at);
    if (size === 2) return this.#view.getInt16(at);
    if (size === 4) return this.#view.getInt32(at);
    return this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  /** Steps over `count` bytes; gives where they begin. */
  #skip(count: number): number {
    const at = this.#at;
    if (count > this.left) throw new Error("message too short");
    this.#at += count;
    return at;
  }
}
