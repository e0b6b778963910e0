// The options of a session, and what they mean for each transport.

import { transports } from "#kit";
import type { TransportFactory, TransportOptions } from "../transports/transport.js";
import type { HostOptions } from "../url.js";

/** The options of a session. */
export interface SessionOptions extends TransportOptions, HostOptions {
  /** The HTTP path. Default: `/socket.io`. */
  path?: string;
  /** Whether the path ends with a slash. Default: true. */
  addTrailingSlash?: boolean;
  /** Query parameters of each request. */
  query?: string | Record<string, string | number | boolean>;
  /** Names, or transports themselves, in the order of their use. Default: `["polling", "websocket"]`, or what there is. */
  transports?: ("polling" | "websocket" | "webtransport" | TransportFactory)[];
  /** Transports themselves, instead of `transports`. */
  transportImplementations?: TransportFactory[];
  /** Options for one transport, by its name. */
  transportOptions?: Record<string, TransportOptions>;
  /** Whether to try the next transport when one cannot connect. Default: false. */
  tryAllTransports?: boolean;
  /** Whether to move to a better transport that the server offers. Default: true. */
  upgrade?: boolean;
  /** Whether to begin with a WebSocket if the last session could move to one. Default: false. */
  rememberUpgrade?: boolean;
  /** Whether to end the session before the page unloads, without an event. Default: false. */
  closeOnBeforeunload?: boolean;
  /**
   * Whether to send what there is to send without awaiting the server's handshake, where the first transport is a WebSocket:
   * in Node with its very request. Sockeye takes it; the official server loses what comes that early, and a proxy might
   * refuse it.
   * Default: false.
   */
  earlyConnect?: boolean;
}

/** The transports to use, in order, without those that do not exist here; first what the last session could move to. */
export function chooseTransports(options: SessionOptions, remembered: boolean): TransportFactory[] {
  const chosen = options.transportImplementations ?? options.transports ?? Object.keys(transports);
  const factories = chosen.flatMap((transport) =>
    typeof transport === "string" ? (transports[transport] ?? []) : transport,
  );
  const { websocket } = transports;
  if (POLLING && remembered && options.rememberUpgrade && websocket && factories.includes(websocket)) {
    factories.unshift(websocket);
  }
  return factories;
}
