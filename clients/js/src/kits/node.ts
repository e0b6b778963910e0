// All that Node has.

import type { Bytes } from "../engine/packet.js";
import { WebSocket, XHR } from "../node/transports.js";
import type { TransportFactory } from "../transports/transport.js";

export { upgrade } from "../engine/upgrade.js";
export { Decoder, Encoder } from "../parser/text.js";

export const transports: Record<string, TransportFactory | undefined> = { polling: XHR, websocket: WebSocket };
export const binaryType: "arraybuffer" | "nodebuffer" = "nodebuffer";

/** Polling has ArrayBuffers, a WebSocket Buffers. */
export function received(bytes: Bytes, binaryType: string): Bytes {
  if (binaryType === "nodebuffer") return bytes instanceof ArrayBuffer ? Buffer.from(bytes) : bytes;
  return bytes instanceof ArrayBuffer ? bytes : new Uint8Array(bytes).buffer;
}

/** A test may have replaced the timers, by some that know no `unref`. */
export function unref(timer: unknown): void {
  (timer as { unref?(): void }).unref?.();
}
