export * from "./core.js";
export { io as default } from "./lookup.js";
export { Fetch } from "./transports/fetch.js";
export { WebSocket, WebSocket as NodeWebSocket } from "./transports/websocket.js";
export { XHR, XHR as NodeXHR } from "./transports/xhr.js";
