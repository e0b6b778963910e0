// All that browsers and workers have.

import { Fetch } from "../transports/fetch.js";
import type { TransportFactory } from "../transports/transport.js";
import { WebSocket } from "../transports/websocket.js";
import { XHR } from "../transports/xhr.js";

export { upgrade } from "../engine/upgrade.js";
export { Decoder, Encoder } from "../parser/text.js";
export { binaryType, received, unref } from "./page.js";

// A service worker has no XMLHttpRequest.
const polling: TransportFactory = (link) => (globalThis.XMLHttpRequest ? XHR : Fetch)(link);

export const transports: Record<string, TransportFactory | undefined> = { polling, websocket: WebSocket };
