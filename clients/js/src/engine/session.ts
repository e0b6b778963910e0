// An Engine.IO session, client side (protocol v4): handshake, heartbeat, the send buffer, and the one way in which all of it
// ends. The move to a better transport is `upgrade.ts`. It knows nothing of Socket.IO and never reconnects.
//
//   opening ── open packet ──▶ open ── close() ──▶ closing ── buffer sent ──▶ closed
//      └──────────────── error, close of the transport, ping timeout ───────────▲

import * as kit from "#kit";
import { Emitter } from "../events.js";
import { leavePage, listenToPage, startTimer, stopTimer, type Timer } from "../platform.js";
import { SILENT, silence } from "../transports/silent.js";
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
  declare transport: Transport;
  /** Whether the move to another transport has reached the point where nothing may be sent. */
  upgrading = false;
  /** Packets that are not handed over yet. */
  readonly writeBuffer: EnginePacket[] = [];
  /** What bytes that arrive are: `arraybuffer`, or in Node `nodebuffer`. */
  binaryType: "arraybuffer" | "nodebuffer" = kit.binaryType;
  /** What the server said of the end that is coming. */
  goodbye: Goodbye | undefined;
  readonly opts: SessionOptions;
  declare readonly hostname: string;
  /** Always written, even if it is the usual one. */
  declare readonly port: string;
  declare readonly secure: boolean;
  /** The query of the address. */
  declare readonly query: Record<string, string>;

  /** @internal Transports to use, the one in use first. */
  readonly _factories: TransportFactory[];
  /** @internal When the server has been silent for too long. */
  _pingTimeoutTime = Number.POSITIVE_INFINITY;
  /** @internal Ends the probe that is under way. */
  declare _endProbe: (() => void) | undefined;
  /** @internal What the owner does. */
  _hooks: SessionHooks;
  /** @internal The link of the transport in use. */
  declare _link: Link;

  /** Scheme, host and port. */
  private readonly _server: string;
  /** How many packets of the buffer the transport has been given. */
  private _inFlight = 0;
  declare private _maxPayload: number;
  private _pingDelay = 0;
  private _pingTimer: Timer;

  /** Starts connecting; listeners that are added before the next task miss nothing. */
  constructor(uri?: string, options: SessionOptions = {}, hooks: SessionHooks = {}) {
    super();
    this.opts = options;
    this._hooks = hooks;
    const { id, ...target } = parseUrl(uri, options);
    this._server = id;
    Object.assign(this, target);
    this._factories = chooseTransports(options, POLLING && Session.priorWebsocketSuccess);
    if (options.closeOnBeforeunload) listenToPage("beforeunload", this);
    this._open();
  }

  /** Sends a message, now or as soon as the transport can. Ignored once closing. `sent` is called when it is under way. */
  send(data: string | Binary, options?: WriteOptions, sent?: () => void): this {
    if (sent) this.once("flush", sent);
    this._write({ type: "message", data, options });
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
    if (discard === true || this.readyState === "opening") this._end("forced close");
    if (this.readyState === "open") {
      this.readyState = "closing";
      this._endIfDone();
    }
    return this;
  }

  /** @internal An event of the page. */
  handleEvent({ type }: { type: string }): void {
    if (type === "offline") this._end("transport close", { description: "network connection lost" });
    else {
      // The page is about to go: nobody is told but the server.
      silence(this._link);
      this.transport.close(true);
    }
  }

  /** @internal Whether the server has been silent for too long, which a timer that sleeps with the machine cannot tell. */
  _hasPingExpired(): boolean {
    const expired = Date.now() > this._pingTimeoutTime;
    if (expired) queueMicrotask(() => this._end("ping timeout"));
    return expired;
  }

  /** @internal The owner first, then the listeners. */
  override _fire(event: string, ...args: unknown[]): void {
    (this._hooks[event as keyof SessionHooks] as ((...args: unknown[]) => void) | undefined)?.(...args);
    super._fire(event, ...args);
  }

  /** @internal A transport, and its link, to which nobody listens yet. */
  _create(factory: TransportFactory): { transport: Transport; link: Link } {
    const { opts } = this;
    const url = (scheme: string) => {
      const { forceBase64, timestampRequests = scheme === "http", timestampParam = "t" } = link.options;
      const query = new URLSearchParams({
        ...Object.fromEntries(new URLSearchParams(opts.query as string)),
        ...this.query,
        EIO: "4",
        transport: transport.name,
        ...(POLLING && forceBase64 && { b64: "1" }),
        ...(this.id && { sid: this.id }),
        // No cache between here and the server may answer.
        ...(timestampRequests && { [timestampParam]: Date.now().toString(36) + requests++ }),
      });
      const path = (opts.path ?? "/socket.io").replace(/\/?$/, opts.addTrailingSlash === false ? "" : "/");
      return `${this._server.replace("http", scheme)}${path}?${query}`;
    };
    const link = { options: opts, owner: opts, url, ...SILENT };
    const transport = factory(link);
    const own = opts.transportOptions?.[transport.name];
    if (own) link.options = { ...opts, ...own };
    return { transport, link };
  }

  /** @internal Uses a transport from now on. */
  _use(transport: Transport, link: Link): void {
    this.transport = transport;
    this._link = Object.assign(link, {
      opened: () => this._flush(),
      packet: (packet) => this._onPacket(packet),
      drained: () => this._onDrained(),
      closed: (details) => this._end("transport close", details),
      failed: (message, details) => this._fail(message, details),
    } satisfies LinkHandlers);
  }

  /** @internal Gives the transport what it can take. */
  _flush(): void {
    const { readyState, transport, writeBuffer } = this;
    if (readyState === "opening" && !this.opts.earlyConnect) return;
    if (this.upgrading || this._inFlight || !writeBuffer.length || !transport.writable) return;
    this._inFlight =
      (POLLING && this._maxPayload > 0 && transport.fit?.(writeBuffer, this._maxPayload)) || writeBuffer.length;
    transport.send(writeBuffer.slice(0, this._inFlight));
    this._fire("flush");
  }

  /** @internal Ends if it is closing and nothing is left to do. */
  _endIfDone(): void {
    if (this.readyState === "closing" && !this.upgrading && !this.writeBuffer.length) this._end("forced close");
  }

  private _open(): void {
    const [first] = this._factories;
    if (!first) {
      queueMicrotask(() => this._fail("No transports available"));
      return;
    }
    const { transport, link } = this._create(first);
    this._use(transport, link);
    transport.open();
  }

  private _onPacket(packet: EnginePacket): void {
    const { type, data = "" } = packet;
    const isFirst = this.readyState === "opening";
    this._fire("packet", packet);
    this._fire("heartbeat");
    const handshake = isFirst && type === "open" && readHandshake(data as string);
    if (handshake) this._onHandshake(handshake);
    else if (isFirst || type === "open" || type === "error") this._fail("server error", { body: `${data}` });
    else if (type === "ping") {
      this._write({ type: "pong" });
      this._watchPing();
      this._fire("ping");
      this._fire("pong");
    } else if (type === "message") {
      const message = typeof data === "string" ? data : kit.received(data as Bytes, this.binaryType);
      this._fire("data", message);
      this._fire("message", message);
    } else if (type === "noop") this.goodbye = readGoodbye(data as string) ?? this.goodbye;
    else if (POLLING && type === "close")
      this._end("transport close", { description: "transport closed by the server" });
  }

  private _onHandshake(handshake: Handshake): void {
    this.id = handshake.sid;
    if (POLLING) this._maxPayload = handshake.maxPayload;
    // Numbers, whatever JSON calls them.
    this._pingDelay = Math.min(+handshake.pingInterval + +handshake.pingTimeout, MAX_DELAY);
    this.readyState = "open";
    if (this.hostname !== "localhost") listenToPage("offline", this);
    this._watchPing();
    this._fire("handshake", handshake);
    this._fire("open");
    this._flush();
    if (POLLING && this.readyState === "open" && this.opts.upgrade !== false && this.transport.pause) {
      kit.upgrade(this, handshake.upgrades);
    }
  }

  private _watchPing(): void {
    stopTimer(this.opts, this._pingTimer);
    this._pingTimeoutTime = Date.now() + this._pingDelay;
    this._pingTimer = startTimer(this.opts, () => this._end("ping timeout"), this._pingDelay);
  }

  private _write(packet: EnginePacket): void {
    // While closing only the answer to a ping still goes out, lest the server give up before it has everything.
    if (this.readyState === "closed" || (this.readyState === "closing" && packet.type === "message")) return;
    this._fire("packetCreate", packet);
    this.writeBuffer.push(packet);
    this._flush();
  }

  private _onDrained(): void {
    this.writeBuffer.splice(0, this._inFlight);
    this._inFlight = 0;
    if (this.writeBuffer.length) this._flush();
    else {
      this._fire("drain");
      this._endIfDone();
    }
  }

  private _fail(message: string, details?: FailureDetails): void {
    if (POLLING) {
      Session.priorWebsocketSuccess = false;
      if (this.opts.tryAllTransports && this._factories.length > 1 && this.readyState === "opening") {
        silence(this._link);
        this.transport.close(false);
        this._factories.shift();
        this._open();
        return;
      }
    }
    const error = transportError(message, details);
    this._fire("error", error);
    this._end("transport error", error);
  }

  private _end(reason: CloseReason, details?: CloseDetails | TransportError): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    stopTimer(this.opts, this._pingTimer);
    leavePage("offline", this);
    leavePage("beforeunload", this);
    if (POLLING) this._endProbe?.();
    if (this.transport) {
      silence(this._link);
      this.transport.close(this.id !== undefined && (reason === "forced close" || reason === "ping timeout"));
    }
    this.writeBuffer.length = 0;
    this._fire("close", reason, details);
    this.id = undefined;
  }
}

let requests = 0;
