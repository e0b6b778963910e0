// What a session and its transport know of each other. A transport moves packets; it knows no session state.

import type { EnginePacket } from "../engine/packet.js";
import type { TimerOptions } from "../platform.js";

/** One way to reach the server. */
export interface Transport {
  /** Its name on the wire. */
  readonly name: string;
  /** Whether a packet given to `send` would go out at once. */
  readonly writable: boolean;
  /** Starts connecting; `link.opened` or `link.failed` follows. */
  open(): void;
  /** Sends packets in order; `link.drained` follows. Called only while `writable`. */
  send(packets: EnginePacket[]): void;
  /** How many of the packets one `send` can take when the server allows `maxPayload` bytes. Default: all. */
  fit?(packets: EnginePacket[], maxPayload: number): number;
  /** Ends it; `tell` is false when the server need not or cannot be told. The session listens no more by then. */
  close(tell: boolean): void;
  /** Stops reading and calls `done` when nothing is under way any more. Only for transports that can be upgraded. */
  pause?(done: () => void): void;
  /** Undoes `pause`. */
  resume?(): void;
}

/** What a transport is given, and whom it reports to. */
export interface Link extends LinkHandlers {
  readonly options: TransportOptions;
  /** The same for all sessions of one manager, which may share what they learn of the server. */
  readonly owner: object;
  /** The address for the next request, session id included. */
  url(scheme: "http" | "ws"): string;
}

/** What a transport reports. */
export interface LinkHandlers {
  /** Packets can be sent (a session still awaits its handshake). */
  opened(): void;
  packet(packet: EnginePacket): void;
  /** What was given to `send` has been handed over. */
  drained(): void;
  /** The server closed it. */
  closed(details: CloseDetails): void;
  /** It broke; `message` is what a user sees in `connect_error`. */
  failed(message: string, details?: FailureDetails): void;
}

/** How a transport was closed; `context` is the platform's event, if there is one. */
export interface CloseDetails {
  description: string;
  context?: unknown;
}

/** What the platform says of a failure. */
export interface FailureDetails {
  /** The HTTP status, another error, or an event. */
  description?: unknown;
  /** The platform's request or response, if there is one. */
  context?: unknown;
  /** The HTTP status of the answer, if there was one. */
  status?: number | undefined;
  /** The beginning of the answer's body. */
  body?: string | undefined;
}

/** Characters of a body that an error keeps. */
export const MAX_ERROR_BODY = 10_000;
/** Bytes that whoever has not shown yet that he is a server of ours may send. */
export const MAX_HANDSHAKE_BYTES = 1_000_000;

/** Makes a transport; see the option `transports`. */
export type TransportFactory = (link: Link) => Transport;

/** The options that transports read. What only Node can do is ignored elsewhere. */
export interface TransportOptions extends TimerOptions, NodeOptions {
  /** Send cookies to other origins; in Node: keep the server's cookies, and send them. Default: false. */
  withCredentials?: boolean;
  /** Headers of each request. A browser sends them over polling only. */
  extraHeaders?: Record<string, string>;
  /** Milliseconds that a polling request may take, a poll included; 0: no limit. Default: 0. */
  requestTimeout?: number;
  /** Send bytes as base64 over a WebSocket too. Default: false. */
  forceBase64?: boolean;
  /** Add a parameter to each URL that is never the same. Default: for polling. */
  timestampRequests?: boolean;
  /** The name of that parameter. Default: `t`. */
  timestampParam?: string;
  /** Subprotocols of the WebSocket. */
  protocols?: string | string[];
}

/** Bytes or text of a key or certificate. */
export type Pem = string | Uint8Array;

/** What only Node can do. */
export interface NodeOptions {
  /** The `Agent` of `node:http` or `node:https`, for polling and for the request of the WebSocket. */
  agent?: object | false;
  /** The header `Origin` of the WebSocket's request. */
  origin?: string;
  /** The address to connect from. */
  localAddress?: string;
  /** The version of IP: 4 or 6. */
  family?: number;
  /** Bytes that a message over WebSocket may have. Default: 100 MiB. */
  maxPayload?: number;
  /** Compress messages over WebSocket from so many bytes on, if the server will; `false`: never. Default: 1024. */
  perMessageDeflate?: false | { threshold?: number };
  pfx?: Pem;
  key?: Pem;
  passphrase?: string;
  cert?: Pem;
  ca?: Pem | Pem[];
  ciphers?: string;
  /** Refuse a server whose certificate nobody vouches for. Default: true. */
  rejectUnauthorized?: boolean;
  /** Checks the certificate of the server for its name; gives the error. */
  checkServerIdentity?: (hostname: string, certificate: object) => Error | undefined;
}
