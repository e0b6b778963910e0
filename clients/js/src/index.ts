// The Socket.IO client: `io(...)` gives a socket, and sockets to the same server share a connection.
// Protocols: Engine.IO 4 and Socket.IO 5. Names and behaviour are those of the official client.

import type { DefaultEvents } from "./events.js";
import { Manager, type ManagerOptions } from "./manager.js";
import { protocol } from "./parser/packet.js";
import { Socket, type SocketOptions } from "./socket.js";
import { parseUrl } from "./url.js";

/** The options of `io`. */
export interface Options extends ManagerOptions, SocketOptions {
  /** Do not share a connection. Default: false. */
  forceNew?: boolean;
  /** Whether to share a connection with the other namespaces of that server. Default: true. */
  multiplex?: boolean;
}

const managers = new Map<string, Manager>();

/**
 * Connects to a namespace: `io("/admin")`, `io("https://example.com/admin", { auth: { token } })`.
 * The path of the address is the namespace, the option `path` is the HTTP path; an address without a host is the page's.
 */
export function io<Listen extends object = DefaultEvents, Emit extends object = Listen>(
  opts?: Options,
): Socket<Listen, Emit>;
export function io<Listen extends object = DefaultEvents, Emit extends object = Listen>(
  uri: string,
  opts?: Options,
): Socket<Listen, Emit>;
export function io(uri?: string | Options, opts: Options = {}): object {
  const address = typeof uri === "object" ? undefined : uri;
  const options = typeof uri === "object" ? uri : opts;
  const { id, namespace } = parseUrl(address);
  const key = id + (options.path ?? "/socket.io");
  const known = managers.get(key);
  const alone = options.forceNew || options.multiplex === false || known?.nsps.has(namespace);
  const manager = (!alone && known) || new Manager(address, options);
  if (!alone) managers.set(key, manager);
  return manager.socket(namespace, options);
}

export type { Binary } from "./engine/packet.js";
export type { CloseReason, Session, SessionOptions, TransportError } from "./engine/session.js";
export type { AnyListener, DefaultEvents } from "./events.js";
export type { ManagerCloseReason, ManagerEvents, ManagerOptions } from "./manager.js";
export type { Frame, Packet, PacketDecoder, PacketEncoder, Parser } from "./parser/packet.js";
export type { Auth, ConnectError, DisconnectReason, SocketEvents, SocketOptions, WithAckErrors } from "./socket.js";
export type {
  CloseDetails,
  Link,
  LinkHandlers,
  Transport,
  TransportFactory,
  WebSocketConstructor,
  WebSocketLike,
} from "./transports/transport.js";
export { io as connect, io as default, Manager, protocol, Socket };
