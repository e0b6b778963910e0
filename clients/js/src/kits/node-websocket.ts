// Node that needs no polling.

import { WebSocket } from "../node/transports.js";
import type { Kit } from "./kit.js";
import { kit as node } from "./node.js";

export const kit: Kit = { ...node, transports: { websocket: WebSocket }, upgrade: undefined };
