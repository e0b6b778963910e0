// The Socket.IO client: `io(...)` gives a socket, and sockets to the same server share a connection.
// Protocols: Engine.IO 4 and Socket.IO 5. Names and behaviour are those of the official client.

export * from "./core.js";
export { io as default } from "./lookup.js";
export { Fetch } from "./transports/fetch.js";
export { WebSocket, WebSocket as NodeWebSocket } from "./transports/websocket.js";
export { XHR, XHR as NodeXHR } from "./transports/xhr.js";
