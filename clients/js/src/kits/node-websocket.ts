// Node that needs no polling.

import { WebSocket } from "../node/transports.js";
import type { TransportFactory } from "../transports/transport.js";

export { upgrade } from "./browser-websocket.js";
export { binaryType, Decoder, Encoder, received, unref } from "./node.js";

export const transports: Record<string, TransportFactory | undefined> = { websocket: WebSocket };
