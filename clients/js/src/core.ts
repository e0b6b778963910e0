// What every bundle of the client exports, whatever its transports and parser are.

export type { TransportError } from "./engine/error.js";
export type { Goodbye } from "./engine/goodbye.js";
export type { SessionOptions } from "./engine/options.js";
export type { Binary, Bytes, EnginePacket, WriteOptions } from "./engine/packet.js";
export type { CloseReason, Session, SessionEvents } from "./engine/session.js";
export type { AnyListener, DefaultEvents } from "./events.js";
export { io, io as connect, io as default, io as lookup, type Lookup, type Options } from "./lookup.js";
export {
  type DisconnectDescription,
  Manager,
  type ManagerCloseReason,
  type ManagerEvents,
  type ManagerOptions,
} from "./manager.js";
export {
  type Frame,
  type Packet,
  type PacketDecoder,
  type PacketEncoder,
  type Parser,
  protocol,
} from "./parser/packet.js";
export { type CatchAll, type PendingAck, Socket } from "./socket.js";
export type {
  AllButLast,
  Answer,
  Auth,
  ConnectError,
  DecorateAcknowledgements,
  DisconnectReason,
  SocketEvents,
  SocketOptions,
} from "./socket-types.js";
export type {
  CloseDetails,
  FailureDetails,
  Link,
  LinkHandlers,
  NodeOptions,
  Pem,
  Transport,
  TransportFactory,
  TransportOptions,
} from "./transports/transport.js";
