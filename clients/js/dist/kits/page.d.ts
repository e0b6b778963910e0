import type { Bytes } from "../engine/packet.js";
export declare const binaryType: "arraybuffer" | "nodebuffer";
/** The platform gives ArrayBuffers, and nobody asks for anything else. */
export declare const received: (bytes: Bytes, _binaryType: string) => Bytes;
/** A page has no process. */
export declare const unref: (_timer: unknown) => void;
