// All that browsers and workers have.

import { upgrade } from "../engine/upgrade.js";
import { Decoder, Encoder } from "../parser/text.js";
import { Fetch } from "../transports/fetch.js";
import type { TransportFactory } from "../transports/transport.js";
import { WebSocket } from "../transports/websocket.js";
import { XHR } from "../transports/xhr.js";
import type { Kit } from "./kit.js";

// A service worker has no XMLHttpRequest.
const polling: TransportFactory = (link) => ("XMLHttpRequest" in globalThis ? XHR : Fetch)(link);

export const kit: Kit = {
  transports: { polling, websocket: WebSocket },
  upgrade,
  parser: { Encoder, Decoder },
  binaryType: "arraybuffer",
  received: (bytes) => bytes,
};
