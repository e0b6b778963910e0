// Browsers and workers that need no polling.

import type { TransportFactory } from "../transports/transport.js";
import { WebSocket } from "../transports/websocket.js";

export { Decoder, Encoder } from "../parser/text.js";
export { binaryType, received, unref } from "./page.js";

export const transports: Record<string, TransportFactory | undefined> = { websocket: WebSocket };
/** There is nothing to move to. */
export const upgrade = (): void => {};
