// An Engine.IO session, client side (protocol v4): handshake, heartbeat, the send buffer, and the one way in which all of it
// ends. The move to a better transport is `upgrade.ts`. It knows nothing of Socket.IO and never reconnects.
//
//   opening ── open packet ──▶ open ── close() ──▶ closing ── buffer sent ──▶ closed
//      └──────────────── error, close of the transport, ping timeout ───────────▲

import { kit } from "#kit";
import { Emitter } from "../events.js";
import { onPage, startTimer, stopTimer, type Timer } from "../platform.js";
import { SILENT } from "../transports/silent.js";
import type {
  CloseDetails,
  FailureDetails,
  Link,
  LinkHandlers,
  Transport,
  TransportFactory,
} from "../transports/transport.js";
import { parseUrl } from "../url.js";
import { type TransportError, transportError } from "./error.js";
import { type Goodbye, readGoodbye } from "./goodbye.js";
import { type Handshake, readHandshake } from "./handshake.js";
import { chooseTransports, type SessionOptions } from "./options.js";
import type { Binary, Bytes, EnginePacket, WriteOptions } from "./packet.js";

/** Why a session ended. */
export type CloseReason = "transport error" | "transport close" | "forced close" | "ping timeout";

/** The events of a session. */
export interface SessionEvents {
  open: () => void;
  handshake: (handshake: Handshake) => void;
  /** A packet arrived, of any type. */
  packet: (packet: EnginePacket) => void;
  /** A packet was put into the send buffer. */
  packetCreate: (packet: EnginePacket) => void;
  data: (data: string | Bytes) => void;
  message: (data: string | Bytes) => void;
  heartbeat: () => void;
  ping: () => void;
  pong: () => void;
  /** Packets were given to the transport. */
  flush: () => void;
  /** The send buffer is empty again. */
  drain: () => void;
  /** A better transport answered. */
  upgrading: (transport: Transport) => void;
  upgrade: (transport: Transport) => void;
  upgradeError: (error: TransportError) => void;
  error: (error: TransportError) => void;
  close: (reason: CloseReason, details?: CloseDetails | TransportError) => void;
}

/** What the owner of a session does at its events, before all listeners. */
export type SessionHooks = Partial<SessionEvents>;

/** The longest delay that timers can wait. */
const MAX_DELAY = 2 ** 31 - 1;

export class Session extends Emitter<SessionEvents> {
  static readonly protocol = 4;
  /** Whether the last session that tried could move to a WebSocket. */
  static priorWebsocketSuccess = false;

  /** The session id; a secret of client and server. */
  id: string | undefined;
  readyState: "opening" | "open" | "closing" | "closed" = "opening";
  /** The transport in use. */
  transport!: Transport;
  /** Whether the move to another transport has reached the point where nothing may be sent. */
  upgrading = false;
  /** Packets that are not handed over yet. */
  readonly writeBuffer: EnginePacket[] = [];
  /** What bytes that arrive are: `arraybuffer`, or in Node `nodebuffer`. */
  binaryType: "arraybuffer" | "nodebuffer" = kit.binaryType;
  /** What the server said of the end that is coming. */
  goodbye: Goodbye | undefined;
  readonly opts: SessionOptions;
  readonly hostname: string;
  /** Always written, even if it is the usual one. */
  readonly port: string;
  readonly secure: boolean;

  /** @internal Transports to use, the one in use first. */
  readonly _factories: TransportFactory[];
  /** @internal When the server has been silent for too long. */
  _pingTimeoutTime = Number.POSITIVE_INFINITY;
  /** @internal Ends the probe that is under way. */
  _endProbe: (() => void) | undefined;

  readonly #query: Record<string, string>;
  readonly #hooks: SessionHooks;
  #link: Link = {} as Link;
  /** How many packets of the buffer the transport has been given. */
  #inFlight = 0;
  #maxPayload = 0;
  #pingDelay = 0;
  #pingTimer: Timer;
  /** Stops listening to the page. */
  readonly #leavePage: (() => void)[] = [];

  /** Starts connecting; listeners that are added before the next task miss nothing. */
  constructor(uri?: string, options: SessionOptions = {}, hooks: SessionHooks = {}) {
    super();
    this.opts = options;
    const { hostname, port, secure, query } = parseUrl(uri, options);
    this.hostname = hostname;
    this.port = port;
    this.secure = secure;
    this.#query = { ...Object.fromEntries(new URLSearchParams(options.query as string)), ...query, EIO: "4" };
    this.#hooks = hooks;
    this._factories = chooseTransports(options, kit.transports, Session.priorWebsocketSuccess);
    if (options.closeOnBeforeunload) {
      // The page is about to go: nobody is told but the server.
      const leave = () => {
        Object.assign(this.#link, SILENT);
        this.transport.close(true);
      };
      this.#leavePage.push(onPage("beforeunload", leave));
    }
    this.#open();
  }

  /** Sends a message, now or as soon as the transport can. Ignored once closing. `sent` is called when it is under way. */
  send(data: string | Binary, options?: WriteOptions, sent?: () => void): this {
    if (sent) this.once("flush", sent);
    this.#write({ type: "message", data, options });
    return this;
  }

  /** The same as `send`. */
  write(data: string | Binary, options?: WriteOptions, sent?: () => void): this {
    return this.send(data, options, sent);
  }

  /** Calls the listeners of an event. */
  emit(event: keyof SessionEvents, ...args: unknown[]): this {
    this._fire(event, ...args);
    return this;
  }

  /** Ends with `forced close`: after sending what is buffered and an upgrade that is half done, or, to `discard`, now. */
  close(discard = false): this {
    if (discard === true || this.readyState === "opening") this.#end("forced close");
    if (this.readyState === "open") {
      this.readyState = "closing";
      this._endIfDone();
    }
    return this;
  }

  /** @internal Whether the server has been silent for too long, which a timer that sleeps with the machine cannot tell. */
  _hasPingExpired(): boolean {
    const expired = Date.now() > this._pingTimeoutTime;
    if (expired) queueMicrotask(() => this.#end("ping timeout"));
    return expired;
  }

  /** @internal The owner first, then the listeners. */
  override _fire(event: string, ...args: unknown[]): void {
    (this.#hooks[event as keyof SessionHooks] as ((...args: unknown[]) => void) | undefined)?.(...args);
    super._fire(event, ...args);
  }

  /** @internal A transport that reports to `handlers`. */
  _create(factory: TransportFactory, handlers: LinkHandlers): { transport: Transport; link: Link } {
    const { opts } = this;
    const url = (scheme: string) => {
      const { forceBase64, timestampRequests = scheme === "http", timestampParam = "t" } = link.options;
      const query = new URLSearchParams({ ...this.#query, transport: transport.name });
      if (forceBase64) query.set("b64", "1");
      if (this.id) query.set("sid", this.id);
      // No cache between here and the server may answer.
      if (timestampRequests) query.set(timestampParam, (requests++).toString(36) + Date.now().toString(36));
      const path = (opts.path ?? "/socket.io").replace(/\/?$/, opts.addTrailingSlash === false ? "" : "/");
      return `${scheme}${this.secure ? "s" : ""}://${this.hostname}:${this.port}${path}?${query}`;
    };
    const early = opts.earlyConnect === true && this.id === undefined;
    const link: Link = { options: opts, owner: opts, takesEarly: early, url, ...handlers };
    const transport = factory(link);
    const own = opts.transportOptions?.[transport.name];
    if (own) Object.assign(link, { options: { ...opts, ...own } });
    return { transport, link };
  }

  /** @internal Goes on over a transport that has answered the probe. */
  _adopt(transport: Transport, link: Link): void {
    Object.assign(this.#link, SILENT);
    this.#link = Object.assign(link, this.#handlers());
    this.transport = transport;
    this.upgrading = false;
    Session.priorWebsocketSuccess = transport.name === "websocket";
    // Before anything that was written meanwhile.
    this.writeBuffer.unshift({ type: "upgrade" });
    this._fire("upgrade", transport);
    this._flush();
  }

  /** @internal Gives the transport what it can take. */
  _flush(): void {
    const { readyState, transport, writeBuffer } = this;
    if (readyState === "opening" && !this.opts.earlyConnect) return;
    if (this.upgrading || this.#inFlight || !writeBuffer.length || !transport.writable) return;
    this.#inFlight = transport.fit?.(writeBuffer, this.#maxPayload) ?? writeBuffer.length;
    transport.send(writeBuffer.slice(0, this.#inFlight));
    this._fire("flush");
  }

  /** @internal Ends if it is closing and nothing is left to do. */
  _endIfDone(): void {
    if (this.readyState === "closing" && !this.upgrading && !this.writeBuffer.length) this.#end("forced close");
  }

  #open(): void {
    const [first] = this._factories;
    if (!first) {
      queueMicrotask(() => this.#fail("No transports available"));
      return;
    }
    const { transport, link } = this._create(first, this.#handlers());
    this.transport = transport;
    this.#link = link;
    transport.open();
  }

  #handlers(): LinkHandlers {
    return {
      opened: () => this._flush(),
      packet: (packet) => this.#onPacket(packet),
      drained: () => this.#onDrained(),
      closed: (details) => this.#end("transport close", details),
      failed: (message, details) => this.#fail(message, details),
    };
  }

  #onPacket(packet: EnginePacket): void {
    this._fire("packet", packet);
    this._fire("heartbeat");
    if (this.readyState === "opening") this.#onHandshake(packet);
    else this.#onOpenPacket(packet);
  }

  #onOpenPacket({ type, data = "" }: EnginePacket): void {
    switch (type) {
      case "open":
        this.#fail("server error");
        break;
      case "ping":
        this.#write({ type: "pong" });
        this.#watchPing();
        this._fire("ping");
        this._fire("pong");
        break;
      case "message": {
        const message = typeof data === "string" ? data : kit.received(data as Bytes, this.binaryType);
        this._fire("data", message);
        this._fire("message", message);
        break;
      }
      case "noop":
        if (data) this.goodbye = readGoodbye(data as string) ?? this.goodbye;
        break;
      case "close":
        this.#end("transport close", { description: "transport closed by the server" });
    }
  }

  #onHandshake({ type, data }: EnginePacket): void {
    const handshake = type === "open" && readHandshake(data as string);
    if (!handshake) {
      this.#fail("server error", { body: `${data}` });
      return;
    }
    this.id = handshake.sid;
    this.#maxPayload = handshake.maxPayload;
    this.#pingDelay = Math.min(handshake.pingInterval + handshake.pingTimeout, MAX_DELAY);
    this.readyState = "open";
    if (this.hostname !== "localhost") {
      this.#leavePage.push(
        onPage("offline", () => this.#end("transport close", { description: "network connection lost" })),
      );
    }
    this.#watchPing();
    this._fire("handshake", handshake);
    this._fire("open");
    this._flush();
    if (this.readyState === "open" && this.opts.upgrade !== false && this.transport.pause) {
      kit.upgrade?.(this, handshake.upgrades);
    }
  }

  #watchPing(): void {
    stopTimer(this.opts, this.#pingTimer);
    this._pingTimeoutTime = Date.now() + this.#pingDelay;
    this.#pingTimer = startTimer(this.opts, () => this.#end("ping timeout"), this.#pingDelay);
  }

  #write(packet: EnginePacket): void {
    // While closing only the answer to a ping still goes out, lest the server give up before it has everything.
    if (this.readyState === "closed" || (this.readyState === "closing" && packet.type === "message")) return;
    this._fire("packetCreate", packet);
    this.writeBuffer.push(packet);
    this._flush();
  }

  #onDrained(): void {
    this.writeBuffer.splice(0, this.#inFlight);
    this.#inFlight = 0;
    if (this.writeBuffer.length) this._flush();
    else {
      this._fire("drain");
      this._endIfDone();
    }
  }

  #fail(message: string, details?: FailureDetails): void {
    Session.priorWebsocketSuccess = false;
    if (this.opts.tryAllTransports && this._factories.length > 1 && this.readyState === "opening") {
      Object.assign(this.#link, SILENT);
      this.transport.close(false);
      this._factories.shift();
      this.#open();
      return;
    }
    const error = transportError(message, details);
    this._fire("error", error);
    this.#end("transport error", error);
  }

  #end(reason: CloseReason, details?: CloseDetails | TransportError): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    stopTimer(this.opts, this.#pingTimer);
    for (const leave of this.#leavePage) leave();
    this._endProbe?.();
    Object.assign(this.#link, SILENT);
    this.transport?.close(this.id !== undefined && (reason === "forced close" || reason === "ping timeout"));
    this.writeBuffer.length = 0;
    this._fire("close", reason, details);
    this.id = undefined;
  }
}

let requests = 0;
