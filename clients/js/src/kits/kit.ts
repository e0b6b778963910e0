// What differs between the bundles. Each is built with one kit: `#kit` is an alias that the build replaces.

import type { Bytes } from "../engine/packet.js";
import type { Session } from "../engine/session.js";
import type { Parser } from "../parser/packet.js";
import type { TransportFactory } from "../transports/transport.js";

/** The parts that a bundle is made of. */
export interface Kit {
  /** The transports by name. */
  transports: Record<string, TransportFactory | undefined>;
  /** Moves an open session to a better transport of those that the server offers. */
  upgrade: ((session: Session, offered: unknown[]) => void) | undefined;
  /** The parser of those who name none. */
  parser: Parser;
  /** The kind of bytes that arrive if the application does not say. */
  binaryType: "arraybuffer" | "nodebuffer";
  /** Makes what arrived the kind of bytes that the application wants. */
  received(bytes: Bytes, binaryType: string): Bytes;
}
