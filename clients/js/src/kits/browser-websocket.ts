// Browsers and workers that need no polling.

import { Decoder, Encoder } from "../parser/text.js";
import { WebSocket } from "../transports/websocket.js";
import type { Kit } from "./kit.js";

export const kit: Kit = {
  transports: { websocket: WebSocket },
  upgrade: undefined,
  parser: { Encoder, Decoder },
  binaryType: "arraybuffer",
  received: (bytes) => bytes,
};
