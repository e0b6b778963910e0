// The client for those whose server and network have WebSockets: no polling, and so no upgrade.

export * from "./core.js";
export { io as default } from "./lookup.js";
export { WebSocket } from "./transports/websocket.js";
