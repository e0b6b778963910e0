// All that Node has.

import type { Bytes } from "../engine/packet.js";
import { upgrade } from "../engine/upgrade.js";
import { WebSocket, XHR } from "../node/transports.js";
import { Decoder, Encoder } from "../parser/text.js";
import type { Kit } from "./kit.js";

export const kit: Kit = {
  transports: { polling: XHR, websocket: WebSocket },
  upgrade,
  parser: { Encoder, Decoder },
  binaryType: "nodebuffer",
  received,
};

/** Polling has ArrayBuffers, a WebSocket Buffers. */
function received(bytes: Bytes, binaryType: string): Bytes {
  if (binaryType === "nodebuffer") return bytes instanceof ArrayBuffer ? Buffer.from(bytes) : bytes;
  return bytes instanceof ArrayBuffer ? bytes : new Uint8Array(bytes).buffer;
}
