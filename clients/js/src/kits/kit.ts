// What differs between the bundles. Each is built with one kit: `#kit` is an alias that the build replaces, and what a kit
// does not name is not in the bundle.

import type { Bytes } from "../engine/packet.js";
import type { Session } from "../engine/session.js";
import type { Parser } from "../parser/packet.js";
import type { TransportFactory } from "../transports/transport.js";

/** What a kit exports; the classes of `Parser` are those of who names none. */
export interface Kit extends Parser {
  /** The transports by name. */
  transports: Record<string, TransportFactory | undefined>;
  /** Moves an open session to a better transport of those that the server offers. */
  upgrade: (session: Session, offered: unknown) => void;
  /** The kind of bytes that arrive if the application does not say. */
  binaryType: "arraybuffer" | "nodebuffer";
  /** Makes what arrived the kind of bytes that the application wants. */
  received(bytes: Bytes, binaryType: string): Bytes;
  /** Lets the process end although a timer runs. */
  unref(timer: unknown): void;
}

/** Fails to compile when a kit lacks something. */
export type Kits = Whole<
  | typeof import("./browser.js")
  | typeof import("./browser-msgpack.js")
  | typeof import("./browser-websocket.js")
  | typeof import("./node.js")
  | typeof import("./node-msgpack.js")
  | typeof import("./node-websocket.js")
>;
type Whole<K extends Kit> = K;
