// A manager keeps one connection for any number of namespaces: it opens the session, joins messages to packets, hands
// each to the socket of its namespace, and reconnects. What a packet means is the socket's business.

import { Backoff } from "./backoff.js";
import {
  type CloseReason,
  Session,
  type SessionEvents,
  type SessionOptions,
  transportError,
} from "./engine/session.js";
import { Emitter } from "./events.js";
import type { Frame, Packet, PacketDecoder, PacketEncoder, Parser } from "./parser/packet.js";
import * as text from "./parser/text.js";
import { Socket, type SocketOptions } from "./socket.js";
import { parseUrl, type Target } from "./url.js";

/** The options of a manager; durations in milliseconds. */
export interface ManagerOptions extends SessionOptions {
  /** Whether to reconnect. Default: true. */
  reconnection?: boolean;
  /** Attempts before giving up. Default: no end. */
  reconnectionAttempts?: number;
  /** The delay before the first attempt, doubled for each further one. Default: 1000. */
  reconnectionDelay?: number;
  /** The longest delay, before the randomization. Default: 5000. */
  reconnectionDelayMax?: number;
  /** The part by which a delay may be shorter or longer. Default: 0.5. */
  randomizationFactor?: number;
  /** How long one attempt to connect may take; `false`: for ever. Default: 20000. */
  timeout?: number | false;
  /** Whether to connect at once. Default: true. */
  autoConnect?: boolean;
  /** How packets are written and read; the server must have the same. Default: as text, with binary attachments. */
  parser?: Parser;
}

/** Why a connection ended. */
export type ManagerCloseReason = CloseReason | "parse error";

/** The events of a manager. */
export interface ManagerEvents {
  open: () => void;
  /** An attempt to connect failed, or the connection broke. */
  error: (error: Error) => void;
  ping: () => void;
  packet: (packet: Packet) => void;
  close: (reason: ManagerCloseReason, description?: unknown) => void;
  reconnect_attempt: (attempt: number) => void;
  reconnect_error: (error: Error) => void;
  reconnect_failed: () => void;
  reconnect: (attempt: number) => void;
}

export class Manager extends Emitter<ManagerEvents> {
  readonly opts: ManagerOptions;
  /** The session in use, from the first attempt to connect on. */
  engine: Session | undefined;
  /** The sockets by namespace. */
  readonly nsps = new Map<string, Socket>();

  readonly #target: Target;
  readonly #backoff: Backoff;
  #state: "closed" | "opening" | "open" = "closed";
  #reconnecting = false;
  /** Set by `_close`, until the next `open`: the user does not want this connection. */
  #skipReconnect = false;
  #reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #encoder: PacketEncoder;
  readonly #decoder: PacketDecoder;
  /** Stops listening to the session in use. */
  #abandon: (() => void) | undefined;

  constructor(opts?: ManagerOptions);
  constructor(uri?: string, opts?: ManagerOptions);
  constructor(uri?: string | ManagerOptions, opts: ManagerOptions = {}) {
    super();
    const address = typeof uri === "object" ? undefined : uri;
    this.opts = { ...(typeof uri === "object" ? uri : opts) };
    this.#target = parseUrl(address);
    this.opts.query = { ...this.opts.query, ...this.#target.query };
    this.#backoff = new Backoff(
      this.opts.reconnectionDelay ?? 1000,
      this.opts.reconnectionDelayMax ?? 5000,
      this.opts.randomizationFactor ?? 0.5,
    );
    const { Encoder, Decoder } = this.opts.parser ?? text;
    this.#encoder = new Encoder();
    this.#decoder = new Decoder();
    this.#decoder.on("decoded", (packet) => {
      this.fire("packet", packet);
      this.nsps.get(packet.nsp)?._onPacket(packet);
    });
    if (this.opts.autoConnect !== false) this.open();
  }

  /** Connects, unless that is done or under way. `done` hears of this attempt only, and then nothing is retried. */
  open(done?: (error?: Error) => void): this {
    if (this.#state === "closed") {
      this.#reconnecting = false;
      this.#open(done);
    }
    return this;
  }

  /** The same as `open`. */
  connect(done?: (error?: Error) => void): this {
    return this.open(done);
  }

  /** The socket of a namespace; made at the first call. */
  socket(nsp: string, opts?: SocketOptions): Socket {
    let socket = this.nsps.get(nsp);
    if (!socket) {
      socket = new Socket(this, nsp, opts);
      this.nsps.set(nsp, socket);
      if (this.opts.autoConnect !== false) socket.connect();
    } else if (this.opts.autoConnect !== false && !socket.active) socket.connect();
    return socket;
  }

  /** @internal Whether packets can go out. */
  get _isOpen(): boolean {
    return this.#state === "open";
  }

  /** @internal Whether an attempt is under way or planned, which a socket then waits for. */
  get _isReconnecting(): boolean {
    return this.#reconnecting;
  }

  /** @internal Writes a packet. */
  _encode(packet: Packet): Frame[] {
    return this.#encoder.encode(packet);
  }

  /** @internal Sends an encoded packet. */
  _send(frames: Frame[]): void {
    for (const frame of frames) this.engine?.send(frame);
  }

  /** @internal A socket wants the connection no more: with the last one it ends. */
  _release(): void {
    for (const socket of this.nsps.values()) if (socket.active) return;
    this._close();
  }

  /** @internal Ends the connection and any attempt to have one again. */
  _close(): void {
    this.#skipReconnect = true;
    this.#reconnecting = false;
    this.#onClose("forced close");
  }

  #open(done?: (error?: Error) => void): void {
    this.#state = "opening";
    this.#skipReconnect = false;
    this.#decoder.destroy();
    clearTimeout(this.#reconnectTimer);
    const engine = new Session(this.#target, this.opts);
    this.engine = engine;

    const fail = (error: Error) => {
      this.#abandon?.();
      engine.close(true);
      this.#state = "closed";
      this.fire("error", error);
      for (const socket of [...this.nsps.values()]) socket._onError(error);
      if (done) done(error);
      else this.#reconnect();
    };
    const { timeout = 20_000 } = this.opts;
    const timer = timeout === false ? undefined : setTimeout(() => fail(new Error("timeout")), timeout);
    const listeners: Partial<SessionEvents> = {
      open: () => {
        clearTimeout(timer);
        this.#state = "open";
        this.fire("open");
        for (const socket of [...this.nsps.values()]) socket._onOpen();
        done?.();
      },
      message: (message) => this.#onMessage(message),
      ping: () => this.fire("ping"),
      error: (error) => (this.#state === "opening" ? fail(error) : this.fire("error", error)),
      close: (reason, details) =>
        this.#state === "opening" ? fail(transportError(reason, details)) : this.#onClose(reason, details),
    };
    const events = Object.entries(listeners) as [keyof SessionEvents, () => void][];
    for (const [event, listener] of events) engine.on(event, listener);
    this.#abandon = () => {
      this.#abandon = undefined;
      clearTimeout(timer);
      for (const [event, listener] of events) engine.off(event, listener);
    };
  }

  #onMessage(message: string | ArrayBuffer): void {
    try {
      this.#decoder.add(message);
    } catch (error) {
      this.#onClose("parse error", error);
    }
  }

  #onClose(reason: ManagerCloseReason, description?: unknown): void {
    clearTimeout(this.#reconnectTimer);
    this.#abandon?.();
    this.engine?.close(reason === "parse error");
    this.#backoff.reset();
    const wasClosed = this.#state === "closed";
    this.#state = "closed";
    if (!wasClosed) this.fire("close", reason, description);
    for (const socket of [...this.nsps.values()]) socket._onClose(reason, description);
    this.#reconnect();
  }

  #reconnect(): void {
    if (this.#reconnecting || this.#skipReconnect || this.opts.reconnection === false) return;
    if (this.#backoff.attempts >= (this.opts.reconnectionAttempts ?? Number.POSITIVE_INFINITY)) {
      this.#backoff.reset();
      this.fire("reconnect_failed");
      return;
    }
    this.#reconnecting = true;
    this.#reconnectTimer = setTimeout(() => {
      this.fire("reconnect_attempt", this.#backoff.attempts);
      // A listener may have given up.
      if (!this.#skipReconnect) this.#open((error) => this.#onReconnect(error));
    }, this.#backoff.duration());
  }

  #onReconnect(error?: Error): void {
    this.#reconnecting = false;
    if (error) {
      this.fire("reconnect_error", error);
      this.#reconnect();
      return;
    }
    const attempts = this.#backoff.attempts;
    this.#backoff.reset();
    this.fire("reconnect", attempts);
  }
}
