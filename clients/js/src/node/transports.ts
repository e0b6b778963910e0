// The transports of Node, by the names that the official client has for them.

import type { TransportFactory } from "../transports/transport.js";
import { websocketBy } from "../transports/websocket.js";
import { jarOf } from "./cookies.js";
import { NodeSocket } from "./websocket.js";

export { XHR } from "./request.js";

/** WebSocket for Node. */
export const WebSocket: TransportFactory = websocketBy(
  (url, options, { owner, takesEarly }) =>
    new NodeSocket(url, options, takesEarly, options.withCredentials ? jarOf(owner) : undefined),
);
