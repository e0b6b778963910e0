import type { DefaultEvents } from "./events.js";
import { Manager, type ManagerOptions } from "./manager.js";
import { protocol } from "./parser/packet.js";
import { Socket, type SocketOptions } from "./socket.js";
/** The options of `io`. */
export interface Options extends ManagerOptions, SocketOptions {
    /** Do not share a connection. Default: false. */
    forceNew?: boolean;
    /** Whether to share a connection with the other namespaces of that server. Default: true. */
    multiplex?: boolean;
}
/**
 * Connects to a namespace: `io("/admin")`, `io("https://example.com/admin", { auth: { token } })`.
 * The path of the address is the namespace, the option `path` is the HTTP path; an address without a host is the page's.
 */
export declare function io<Listen extends object = DefaultEvents, Emit extends object = Listen>(opts?: Options): Socket<Listen, Emit>;
export declare function io<Listen extends object = DefaultEvents, Emit extends object = Listen>(uri: string, opts?: Options): Socket<Listen, Emit>;
export type { Binary } from "./engine/packet.js";
export type { CloseReason, Session, SessionOptions, TransportError } from "./engine/session.js";
export type { AnyListener, DefaultEvents } from "./events.js";
export type { ManagerCloseReason, ManagerEvents, ManagerOptions } from "./manager.js";
export type { Frame, Packet, PacketDecoder, PacketEncoder, Parser } from "./parser/packet.js";
export type { Auth, ConnectError, DisconnectReason, SocketEvents, SocketOptions, WithAckErrors } from "./socket.js";
export type { CloseDetails, Link, LinkHandlers, Transport, TransportFactory, WebSocketConstructor, WebSocketLike, } from "./transports/transport.js";
export { io as connect, io as default, Manager, protocol, Socket };
