// The client for Node: the same, with the transports of Node.

export * from "./core.js";
export { io as default } from "./lookup.js";
export { WebSocket, WebSocket as NodeWebSocket, XHR, XHR as NodeXHR } from "./node/transports.js";
export { Fetch } from "./transports/fetch.js";
