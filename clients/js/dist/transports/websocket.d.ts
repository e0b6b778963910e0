import type { Link, Transport, TransportOptions, WebSocketConstructor } from "./transport.js";
/** The WebSocket that the options name, else that of the platform, else nothing. */
export declare function findWebSocket(options: TransportOptions): WebSocketConstructor | undefined;
export declare function websocket(link: Link): Transport;
