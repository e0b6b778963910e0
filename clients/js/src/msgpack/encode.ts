// Writes values as MessagePack, as the official parser's peers (notepack 2) read it: every whole number in its shortest
// form, other numbers as 64-bit floats, dates as their extension type 0. What JSON leaves out (functions, `undefined` as a
// property) is left out here as well, and `toJSON` is asked, so that an application may change the parser and nothing else.

import { type Binary, isBinary } from "../engine/packet.js";

/**
 * Writes one value.
 * @throws TypeError for a BigInt or a Blob, RangeError for a cycle.
 */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.value(value);
  return writer.bytes();
}

const utf8 = new TextEncoder();

class Writer {
  #at = 0;
  #buffer = new Uint8Array(256);
  #view = new DataView(this.#buffer.buffer);

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#at);
  }

  value(value: unknown): void {
    if (value === true || value === false) this.#put(1, value ? 0xc3 : 0xc2);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "string") this.#string(value);
    else if (typeof value === "bigint") throw new TypeError("MessagePack has no BigInt here");
    else if (typeof value !== "object" || !value) this.#put(1, 0xc0);
    else if (isBinary(value)) this.#binary(value);
    else if (Array.isArray(value)) {
      this.#head(value.length, 0x90, 16, 0xdc);
      for (const item of value) this.value(item);
    } else if (value instanceof Date) this.#date(value.getTime());
    else if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
      this.value((value as { toJSON(): unknown }).toJSON());
    } else this.#map(value as Record<string, unknown>);
  }

  #map(map: Record<string, unknown>): void {
    const keys = Object.keys(map).filter((key) => map[key] !== undefined && typeof map[key] !== "function");
    this.#head(keys.length, 0x80, 16, 0xde);
    for (const key of keys) {
      this.#string(key);
      this.value(map[key]);
    }
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value)) {
      this.#put(1, 0xcb);
      this.#view.setFloat64(this.#grow(8), value);
    } else if (value >= 0) {
      if (value < 0x80) this.#put(1, value);
      else if (value < 0x100) this.#put(1, 0xcc, 1, value);
      else if (value < 0x10000) this.#put(1, 0xcd, 2, value);
      else if (value < 0x100000000) this.#put(1, 0xce, 4, value);
      else this.#put(1, 0xcf, 4, Math.floor(value / 2 ** 32), 4, value);
    } else if (value >= -0x20) this.#put(1, value);
    else if (value >= -0x80) this.#put(1, 0xd0, 1, value);
    else if (value >= -0x8000) this.#put(1, 0xd1, 2, value);
    else if (value >= -0x80000000) this.#put(1, 0xd2, 4, value);
    else this.#put(1, 0xd3, 4, Math.floor(value / 2 ** 32), 4, value);
  }

  #date(time: number): void {
    this.#put(2, 0xd700, 4, Math.floor(time / 2 ** 32), 4, time);
  }

  #string(text: string): void {
    const bytes = utf8.encode(text);
    if (bytes.length < 32) this.#put(1, 0xa0 | bytes.length);
    else this.#length(bytes.length, 0xd9);
    this.#append(bytes);
  }

  #binary(value: Binary): void {
    if ("size" in value)
      throw new TypeError("the bytes of a Blob come too late for MessagePack: await its arrayBuffer()");
    const bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);
    this.#length(bytes.length, 0xc4);
    this.#append(bytes);
  }

  /** The head of an array or a map: `fixed` has the length in it, `code` and its neighbour before two or four bytes. */
  #head(length: number, fixed: number, below: number, code: number): void {
    if (length < below) this.#put(1, fixed | length);
    else if (length < 0x10000) this.#put(1, code, 2, length);
    else this.#put(1, code + 1, 4, length);
  }

  /** The head of a string or of bytes: `code` and its neighbours before one, two or four bytes. */
  #length(length: number, code: number): void {
    if (length < 0x100) this.#put(1, code, 1, length);
    else this.#head(length, 0, 0, code + 1);
  }

  /** Writes numbers, each after the count of its bytes (1, 2 or 4). */
  #put(...sizesAndNumbers: number[]): void {
    for (let index = 0; index < sizesAndNumbers.length; index += 2) {
      const size = sizesAndNumbers[index] as number;
      const number = sizesAndNumbers[index + 1] as number;
      const at = this.#grow(size);
      if (size === 1) this.#view.setUint8(at, number);
      else if (size === 2) this.#view.setUint16(at, number);
      else this.#view.setUint32(at, number);
    }
  }

  #append(bytes: Uint8Array): void {
    // Before the buffer is read: growing replaces it.
    const at = this.#grow(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** Where the next `count` bytes go. */
  #grow(count: number): number {
    const at = this.#at;
    this.#at += count;
    if (this.#at > this.#buffer.length) {
      const larger = new Uint8Array(2 * this.#at);
      larger.set(this.#buffer);
      this.#buffer = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
