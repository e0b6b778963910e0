// WebSocket frames (RFC 6455 § 5), the client's side: what is sent is masked, what arrives is not. Bytes in, messages out; no
// socket in here.

import { isUtf8 } from "node:buffer";
import { randomFillSync } from "node:crypto";

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** Fragments that a message may have. */
export const MAX_FRAGMENTS = 10_000;

/** Why a connection cannot go on, with the close code that says so. */
export class FrameError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A whole message or a control frame. */
export interface Message {
  opcode: number;
  data: Buffer;
}

/** What an extension does to messages that are marked as compressed. */
export interface Inflater {
  /** @throws Error when it is not compressed data, or becomes more than `limit` bytes. */
  inflate(data: Buffer, limit: number): Buffer;
}

// Masks must not be predictable; asking for four bytes at a time would cost more than the rest.
const masks = Buffer.alloc(8192);
let masksUsed = masks.length;

/** Writes one frame, which is a whole message. */
export function encodeFrame(opcode: number, data: string | Uint8Array, compressed = false): Buffer {
  const length = typeof data === "string" ? Buffer.byteLength(data) : data.length;
  const head = length < 126 ? 6 : length < 65_536 ? 8 : 14;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 0x80 | (compressed ? 0x40 : 0) | opcode;
  if (head === 6) frame[1] = 0x80 | length;
  else if (head === 8) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length >>> 0, 6);
  }
  if (masksUsed === masks.length) {
    randomFillSync(masks);
    masksUsed = 0;
  }
  masks.copy(frame, head - 4, masksUsed, masksUsed + 4);
  masksUsed += 4;
  if (typeof data === "string") frame.write(data, head);
  else frame.set(data, head);
  for (let at = head; at < frame.length; at++) {
    frame[at] = (frame[at] as number) ^ (frame[head - 4 + ((at - head) & 3)] as number);
  }
  return frame;
}

/** Joins bytes to messages. Takes no room on the word of a length: only what has arrived is kept. */
export class FrameReader {
  /** Bytes that a message may have. */
  limit: number;
  readonly #inflater: Inflater | undefined;
  /** What has arrived and is not read yet. */
  #chunks: Buffer[] = [];
  #length = 0;
  /** The message whose fragments are arriving. */
  #fragments: Buffer[] = [];
  #fragmentsLength = 0;
  #opcode = 0;
  #compressed = false;

  constructor(limit: number, inflater?: Inflater) {
    this.limit = limit;
    this.#inflater = inflater;
  }

  /**
   * Takes bytes; gives the messages that they complete, one by one.
   * @throws FrameError when the peer does not keep to the protocol or a limit.
   */
  *read(bytes: Buffer): Generator<Message> {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    for (let size = this.#wanted(); size <= this.#length; size = this.#wanted()) {
      const message = this.#frame(this.#take(size));
      if (message) yield message;
    }
  }

  /** Bytes of the frame that comes next, as far as can be told: its head, then its whole. */
  #wanted(): number {
    if (this.#length < 2) return 2;
    const [first] = this.#chunks;
    const head = first && first.length >= 10 ? first : this.#peek(Math.min(10, this.#length));
    const short = (head[1] as number) & 127;
    const size = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (head.length < size) return size;
    const length =
      short === 126
        ? head.readUInt16BE(2)
        : short === 127
          ? head.readUInt32BE(2) * 2 ** 32 + head.readUInt32BE(6)
          : short;
    const opcode = (head[0] as number) & 15;
    if ((head[1] as number) & 128) throw new FrameError(1002, "a masked frame");
    if (opcode >= CLOSE && (length > 125 || !((head[0] as number) & 128)))
      throw new FrameError(1002, "a bad control frame");
    const compressed = opcode ? (head[0] as number) & 0x40 : this.#compressed;
    // What is compressed may be longer by the heads of its blocks; what it becomes is limited where that is known.
    const limit = compressed ? this.limit + (this.limit >> 8) + 64 : this.limit;
    if (opcode < CLOSE && length + this.#fragmentsLength > limit) {
      throw this.#tooLong();
    }
    return size + length;
  }

  #frame(frame: Buffer): Message | undefined {
    const first = frame[0] as number;
    const opcode = first & 15;
    const short = (frame[1] as number) & 127;
    const data = frame.subarray(short === 126 ? 4 : short === 127 ? 10 : 2);
    const compressed = (first & 0x40) !== 0;
    const begins = opcode === TEXT || opcode === BINARY;
    if (first & 0x30 || (compressed && !(begins && this.#inflater))) throw new FrameError(1002, "a reserved bit");
    if (opcode === CLOSE || opcode === PING || opcode === PONG) return { opcode, data };
    if (opcode > BINARY) throw new FrameError(1002, "an unknown opcode");
    if (begins === this.#opcode > 0) throw new FrameError(1002, "a fragment out of order");
    if (begins) {
      this.#opcode = opcode;
      this.#compressed = compressed;
    }
    this.#fragmentsLength += data.length;
    const isWhole = first & 0x80 && !this.#fragments.length;
    // Copied, lest each small one keep all that arrived with it. Empty ones would cost memory without counting.
    if (data.length) this.#fragments.push(isWhole ? data : Buffer.from(data));
    if (this.#fragments.length > MAX_FRAGMENTS) throw new FrameError(1008, "too many fragments");
    return first & 0x80 ? this.#message() : undefined;
  }

  #message(): Message {
    const opcode = this.#opcode;
    const [only] = this.#fragments;
    let data = this.#fragments.length === 1 && only ? only : Buffer.concat(this.#fragments);
    if (this.#compressed) data = this.#inflate(data);
    this.#fragments = [];
    this.#fragmentsLength = 0;
    this.#opcode = 0;
    if (data.length > this.limit) throw this.#tooLong();
    if (opcode === TEXT && !isUtf8(data)) throw new FrameError(1007, "a text that is not UTF-8");
    return { opcode, data };
  }

  #inflate(data: Buffer): Buffer {
    try {
      return this.#inflater?.inflate(data, this.limit) ?? data;
    } catch (error) {
      const tooLong = (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
      throw tooLong ? this.#tooLong() : new FrameError(1007, "a message that cannot be decompressed");
    }
  }

  #tooLong(): FrameError {
    return new FrameError(1009, `a message of more than ${this.limit} bytes`);
  }

  #peek(size: number): Buffer {
    const [first] = this.#chunks;
    if (first && first.length >= size) return first.subarray(0, size);
    this.#chunks = [Buffer.concat(this.#chunks)];
    return (this.#chunks[0] as Buffer).subarray(0, size);
  }

  #take(size: number): Buffer {
    const taken = this.#peek(size);
    const first = this.#chunks[0] as Buffer;
    if (first.length === size) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(size);
    this.#length -= size;
    return taken;
  }
}
