// The transports of Node, by the names that the official client has for them.

import type { SessionOptions } from "../engine/options.js";
import type { TransportFactory } from "../transports/transport.js";
import { websocketBy } from "../transports/websocket.js";
import { jarOf } from "./cookies.js";
import { NodeSocket } from "./websocket.js";

export { XHR } from "./request.js";

/** WebSocket for Node. */
export const WebSocket: TransportFactory = websocketBy((url, options, { owner }) => {
  // Only what begins a session: a probe has something else to say first.
  const takesEarly = (owner as SessionOptions).earlyConnect === true && !new URL(url).searchParams.has("sid");
  return new NodeSocket(url, options, takesEarly, options.withCredentials ? jarOf(owner) : undefined);
});
