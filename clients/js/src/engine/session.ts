// An Engine.IO session, client side (protocol v4): handshake, heartbeat, the send buffer, the upgrade from polling to
// WebSocket, and the one way in which all of it ends. It knows nothing of Socket.IO and never reconnects.
//
//   opening ── open packet ──▶ open ── close() ──▶ closing ── buffer sent ──▶ closed
//      └──────────────── error, close of the transport, ping timeout ───────────▲

import { Emitter } from "../events.js";
import { polling } from "../transports/polling.js";
import type {
  CloseDetails,
  Link,
  LinkHandlers,
  Transport,
  TransportFactory,
  TransportOptions,
} from "../transports/transport.js";
import { findWebSocket, websocket } from "../transports/websocket.js";
import type { Target } from "../url.js";
import type { Binary, Packet } from "./packet.js";
import { countFitting } from "./payload.js";

/** The options of a session. */
export interface SessionOptions extends TransportOptions {
  /** The HTTP path. Default: `/socket.io`. */
  path?: string;
  /** Query parameters of each request. */
  query?: Record<string, string>;
  /** Names, or transports of your own, in the order of their use. Default: `["polling", "websocket"]`. */
  transports?: (keyof typeof FACTORIES | TransportFactory)[];
  /** Whether to move to a better transport that the server offers. Default: true. */
  upgrade?: boolean;
}

/** Why a session ended. */
export type CloseReason = "transport error" | "transport close" | "forced close" | "ping timeout";

/** An error of a transport; `description` is what the platform said: a status, an event, another error. */
export interface TransportError extends Error {
  type: "TransportError";
  description?: unknown;
}

/** The events of a session. */
export interface SessionEvents {
  open: () => void;
  /** A packet arrived, of any type. */
  packet: (packet: Packet) => void;
  /** A packet was put into the send buffer. */
  packetCreate: (packet: Packet) => void;
  message: (data: string | ArrayBuffer) => void;
  ping: () => void;
  /** The send buffer is empty again. */
  drain: () => void;
  upgrade: (transport: Transport) => void;
  upgradeError: (error: TransportError) => void;
  error: (error: TransportError) => void;
  close: (reason: CloseReason, details?: CloseDetails | TransportError) => void;
}

const FACTORIES = { polling, websocket };
/** The longest delay that timers can wait. */
const MAX_DELAY = 2 ** 31 - 1;
const ignore = () => {};
/** A transport with these is heard no more. */
const SILENT: LinkHandlers = { opened: ignore, packet: ignore, drained: ignore, closed: ignore, failed: ignore };

interface Handshake {
  sid: string;
  upgrades: unknown[];
  pingInterval: number;
  pingTimeout: number;
  maxPayload: number;
}

export class Session extends Emitter<SessionEvents> {
  /** The session id; a secret of client and server. */
  id: string | undefined;
  readyState: "opening" | "open" | "closing" | "closed" = "opening";
  /** The transport in use. */
  transport: Transport;
  /** Whether the move to another transport has reached the point where nothing may be sent. */
  upgrading = false;
  /** Packets that are not handed over yet. */
  readonly writeBuffer: Packet[] = [];

  readonly #target: Target;
  readonly #options: SessionOptions;
  #link: Link;
  /** How many packets of the buffer the transport has been given. */
  #inFlight = 0;
  #maxPayload = 0;
  #pingDelay = 0;
  #pingDeadline = Number.POSITIVE_INFINITY;
  #pingTimer: ReturnType<typeof setTimeout> | undefined;
  /** Ends the probe that is under way. */
  #endProbe: (() => void) | undefined;

  /** Starts connecting; listeners that are added before the next task miss nothing. */
  constructor(target: Target, options: SessionOptions) {
    super();
    this.#target = target;
    this.#options = options;
    const [first = polling] = this.#factories();
    [this.transport, this.#link] = this.#create(first, this.#handlers());
    this.transport.open();
  }

  /** Sends a message, now or as soon as the transport can. Ignored once closing. */
  send(data: string | Binary): this {
    this.#write({ type: "message", data });
    return this;
  }

  /** Ends with `forced close`: after sending what is buffered and an upgrade that is half done, or, to `discard`, now. */
  close(discard = false): this {
    if (discard || this.readyState === "opening") this.#end("forced close");
    if (this.readyState === "open") {
      this.readyState = "closing";
      this.#endIfDone();
    }
    return this;
  }

  /** Whether the server has been silent for too long, which a timer that sleeps with the machine cannot tell. */
  isStale(): boolean {
    const stale = Date.now() > this.#pingDeadline;
    if (stale) queueMicrotask(() => this.#end("ping timeout"));
    return stale;
  }

  #factories(): TransportFactory[] {
    const chosen = this.#options.transports ?? ["polling", "websocket"];
    const known = chosen.map((transport) => (typeof transport === "function" ? transport : FACTORIES[transport]));
    // A list from plain JavaScript may have names that are not there; a probe without a WebSocket would only fail.
    return known.filter(
      (factory, at) => factory && (at === 0 || factory !== websocket || findWebSocket(this.#options)),
    );
  }

  #create(factory: TransportFactory, handlers: LinkHandlers): [Transport, Link] {
    const url = (scheme: string) => {
      const { secure, host } = this.#target;
      const path = (this.#options.path ?? "/socket.io").replace(/\/?$/, "/");
      const query = new URLSearchParams({
        ...this.#options.query,
        EIO: "4",
        transport: transport.name,
        // No cache between here and the server may answer.
        t: (requests++).toString(36) + Date.now().toString(36),
        ...(this.id && { sid: this.id }),
      });
      return `${scheme}${secure ? "s" : ""}://${host}${path}?${query}`;
    };
    const link: Link = { options: this.#options, url, ...handlers };
    const transport = factory(link);
    return [transport, link];
  }

  #handlers(): LinkHandlers {
    return {
      opened: ignore,
      packet: (packet) => this.#onPacket(packet),
      drained: () => this.#onDrained(),
      closed: (details) => this.#end("transport close", details),
      failed: (message, description) => this.#fail(message, description),
    };
  }

  #onPacket(packet: Packet): void {
    this.fire("packet", packet);
    if (this.readyState === "opening") this.#onHandshake(packet);
    else this.#onOpenPacket(packet);
  }

  #onOpenPacket(packet: Packet): void {
    switch (packet.type) {
      case "open":
        this.#fail("server error", packet);
        break;
      case "ping":
        this.#write({ type: "pong", data: "" });
        this.#watchPing();
        this.fire("ping");
        break;
      case "message":
        this.fire("message", packet.data);
        break;
      case "close":
        this.#end("transport close", { description: "transport closed by the server" });
    }
  }

  #onHandshake(packet: Packet): void {
    const handshake = packet.type === "open" && readHandshake(packet.data as string);
    if (!handshake) {
      this.#fail("server error", packet);
      return;
    }
    this.id = handshake.sid;
    this.#maxPayload = handshake.maxPayload;
    this.#pingDelay = Math.min(handshake.pingInterval + handshake.pingTimeout, MAX_DELAY);
    this.readyState = "open";
    this.#watchPing();
    this.fire("open");
    this.#flush();
    if (this.#options.upgrade === false || !this.transport.pause) return;
    for (const factory of this.#factories().slice(1)) {
      if (this.readyState === "open" && !this.#endProbe) this.#probe(factory, handshake.upgrades);
    }
  }

  #watchPing(): void {
    clearTimeout(this.#pingTimer);
    this.#pingDeadline = Date.now() + this.#pingDelay;
    this.#pingTimer = setTimeout(() => this.#end("ping timeout"), this.#pingDelay);
  }

  #write(packet: Packet): void {
    // While closing only the answer to a ping still goes out, lest the server give up before it has everything.
    if (this.readyState === "closed" || (this.readyState === "closing" && packet.type === "message")) return;
    this.fire("packetCreate", packet);
    this.writeBuffer.push(packet);
    this.#flush();
  }

  #flush(): void {
    if (this.readyState === "opening" || this.upgrading || this.#inFlight || !this.transport.writable) return;
    const limit = this.transport.name === "polling" && this.#maxPayload;
    this.#inFlight = limit ? countFitting(this.writeBuffer, limit) : this.writeBuffer.length;
    if (this.writeBuffer.length) this.transport.send(this.writeBuffer.slice(0, this.#inFlight));
  }

  #onDrained(): void {
    this.writeBuffer.splice(0, this.#inFlight);
    this.#inFlight = 0;
    if (this.writeBuffer.length) this.#flush();
    else {
      this.fire("drain");
      this.#endIfDone();
    }
  }

  // The upgrade (protocol § Upgrade): `2probe` out, `3probe` in, then the old transport comes to rest, then `5` out.
  #probe(factory: TransportFactory, upgrades: unknown[]): void {
    const fail = (message?: string, description?: unknown) => {
      this.#endProbe?.();
      if (this.upgrading) {
        this.upgrading = false;
        this.transport.resume?.();
        this.#flush();
      }
      this.fire("upgradeError", transportError(message ? `probe error: ${message}` : "probe error", description));
      this.#endIfDone();
    };
    const [transport, link] = this.#create(factory, {
      opened: () => transport.send([{ type: "ping", data: "probe" }]),
      packet: (packet) => {
        if (this.upgrading || packet.type !== "pong" || packet.data !== "probe") return fail();
        this.upgrading = true;
        this.transport.pause?.(() => this.#adopt(transport, link));
      },
      drained: ignore,
      closed: () => fail("transport closed"),
      failed: fail,
    });
    if (!upgrades.includes(transport.name)) return;
    this.#endProbe = () => {
      Object.assign(link, SILENT);
      this.#endProbe = undefined;
      transport.close(false);
    };
    transport.open();
  }

  #adopt(transport: Transport, link: Link): void {
    Object.assign(this.#link, SILENT);
    this.#link = Object.assign(link, this.#handlers());
    this.#endProbe = undefined;
    this.transport = transport;
    this.upgrading = false;
    // Before anything that was written meanwhile.
    this.writeBuffer.unshift({ type: "upgrade", data: "" });
    this.fire("upgrade", transport);
    this.#flush();
  }

  #endIfDone(): void {
    if (this.readyState === "closing" && !this.upgrading && !this.writeBuffer.length) this.#end("forced close");
  }

  #fail(message: string, description?: unknown): void {
    const error = transportError(message, description);
    this.fire("error", error);
    this.#end("transport error", error);
  }

  #end(reason: CloseReason, details?: CloseDetails | TransportError): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    clearTimeout(this.#pingTimer);
    this.#endProbe?.();
    Object.assign(this.#link, SILENT);
    this.transport.close(this.id !== undefined && (reason === "forced close" || reason === "ping timeout"));
    this.writeBuffer.length = 0;
    this.fire("close", reason, details);
    this.id = undefined;
  }
}

let requests = 0;

/** The open packet's data, or nothing when a session cannot live on it. */
function readHandshake(json: string): Handshake | undefined {
  try {
    const { sid, upgrades, pingInterval, pingTimeout, maxPayload } = JSON.parse(json);
    if (sid && typeof sid === "string" && pingInterval > 0 && pingTimeout > 0) {
      return {
        sid,
        upgrades: Array.isArray(upgrades) ? upgrades : [],
        pingInterval: +pingInterval,
        pingTimeout: +pingTimeout,
        maxPayload: maxPayload > 0 ? +maxPayload : 0,
      };
    }
  } catch {
    // Not an object: no handshake either.
  }
  return undefined;
}

export function transportError(message: string, description?: unknown): TransportError {
  return Object.assign(new Error(message), { type: "TransportError" as const, description });
}
