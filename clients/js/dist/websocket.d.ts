export * from "./core.js";
export { io as default } from "./lookup.js";
export { WebSocket } from "./transports/websocket.js";
