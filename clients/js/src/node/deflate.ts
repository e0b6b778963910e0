// Compression of messages (RFC 7692), each on its own: no memory is held between two messages, in either direction.

import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { Inflater } from "./frames.js";

/** What a client offers in `Sec-WebSocket-Extensions`. */
export const OFFER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/** What ends each piece of a flushed stream, and is left out on the wire. */
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/** An empty last block. */
const LAST = Buffer.from([1, 0, 0, 0xff, 0xff]);

/** Compression as it was agreed on. */
export class Deflate implements Inflater {
  /** Bytes from which on a message is compressed. */
  readonly threshold: number;

  constructor(threshold: number) {
    this.threshold = threshold;
  }

  inflate(data: Buffer, limit: number): Buffer {
    // Nothing at all stands for nothing.
    if (!data.length) return data;
    // With a last block behind it, a message that was cut off does not pass for one that ends there.
    return inflateRawSync(Buffer.concat([data, TAIL, LAST]), { maxOutputLength: limit + 1 });
  }

  deflate(data: string | Uint8Array): Buffer {
    return deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -TAIL.length);
  }
}

/**
 * Reads the server's answer to the offer; nothing when it compresses nothing.
 * @throws Error when it answers what was not offered.
 */
export function agree(answer: string | undefined, threshold: number): Deflate | undefined {
  if (!answer) return undefined;
  const [name, ...parameters] = answer.split(";").map((part) => part.trim());
  const known = /^(server_no_context_takeover|client_no_context_takeover|server_max_window_bits=\d+)$/;
  const isOurs = name === "permessage-deflate" && parameters.every((parameter) => known.test(parameter));
  if (!isOurs || !parameters.includes("server_no_context_takeover"))
    throw new Error("an extension that was not offered");
  return new Deflate(threshold);
}
