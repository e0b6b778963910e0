// What is the same for all kits of browsers and workers.

import type { Bytes } from "../engine/packet.js";

export const binaryType: "arraybuffer" | "nodebuffer" = "arraybuffer";

/** The platform gives ArrayBuffers, and nobody asks for anything else. */
export const received = (bytes: Bytes, _binaryType: string): Bytes => bytes;

/** A page has no process. */
export const unref = (_timer: unknown): void => {};
