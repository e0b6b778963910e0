// A manager keeps one connection for any number of namespaces: it opens the session, joins messages to packets, hands
// each to the socket of its namespace, and reconnects. What a packet means is the socket's business.

import { kit } from "#kit";
import { type BackoffSettings, backoff, backoffAfter } from "./backoff.js";
import { type TransportError, transportError } from "./engine/error.js";
import type { Goodbye } from "./engine/goodbye.js";
import type { SessionOptions } from "./engine/options.js";
import type { Bytes } from "./engine/packet.js";
import { type CloseReason, Session, type SessionHooks } from "./engine/session.js";
import { type DefaultEvents, Emitter } from "./events.js";
import type { Packet, PacketDecoder, PacketEncoder, Parser } from "./parser/packet.js";
import { onPage, startTimer, stopTimer, type Timer } from "./platform.js";
import { Socket } from "./socket.js";
import type { SocketOptions } from "./socket-types.js";
import type { CloseDetails } from "./transports/transport.js";

/** The options of a manager; durations in milliseconds. */
export interface ManagerOptions extends SessionOptions {
  /** Do not share a connection; an option of `io`. Default: false. */
  forceNew?: boolean;
  /** Whether to share a connection with the other namespaces of that server; an option of `io`. Default: true. */
  multiplex?: boolean;
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

/** How a connection ended: an error, or what the transport says, and what the server said before. */
export type DisconnectDescription = (Error | CloseDetails) & { goodbye?: Goodbye };

/** The events of a manager. */
export interface ManagerEvents {
  open: () => void;
  /** An attempt to connect failed, or the connection broke. */
  error: (error: Error) => void;
  ping: () => void;
  packet: (packet: Packet) => void;
  close: (reason: ManagerCloseReason, description?: DisconnectDescription) => void;
  reconnect_attempt: (attempt: number) => void;
  reconnect_error: (error: Error) => void;
  reconnect_failed: () => void;
  reconnect: (attempt: number) => void;
}

interface Settings extends BackoffSettings {
  reconnection: boolean;
  reconnectionAttempts: number;
  timeout: number | false;
}

const DEFAULTS: Settings = {
  reconnection: true,
  reconnectionAttempts: Number.POSITIVE_INFINITY,
  reconnectionDelay: 1000,
  reconnectionDelayMax: 5000,
  randomizationFactor: 0.5,
  timeout: 20_000,
};

export class Manager<
  Listen extends object = DefaultEvents,
  Emit extends object = Listen,
> extends Emitter<ManagerEvents> {
  readonly uri: string | undefined;
  readonly opts: ManagerOptions;
  /** The session in use, from the first attempt to connect on. */
  engine: Session | undefined;
  /** The sockets by namespace. */
  readonly nsps: Record<string, Socket> = Object.create(null);

  /** @internal */
  readonly _autoConnect: boolean;
  /** @internal */
  _readyState: "closed" | "opening" | "open" = "closed";
  /** @internal Whether an attempt is under way or planned, which a socket then waits for. */
  _reconnecting = false;

  readonly #settings: Settings = { ...DEFAULTS };
  readonly #encoder: PacketEncoder;
  readonly #decoder: PacketDecoder;
  /** Delays that were waited since the last connection. */
  #attempts = 0;
  /** Set by `_close`, until the next `open`: the user does not want this connection. */
  #skipReconnect = false;
  /** When the server wants us back, in milliseconds from the end of the connection. */
  #comeBackAfter: number | undefined;
  /** Ends the wait for the next attempt. */
  #stopWaiting: (() => void) | undefined;
  /** Stops listening to the session in use. */
  #abandon: (() => void) | undefined;

  constructor(opts?: ManagerOptions);
  constructor(uri?: string | ManagerOptions, opts?: ManagerOptions);
  constructor(uri?: string | ManagerOptions, opts: ManagerOptions = {}) {
    super();
    if (typeof uri !== "object") this.uri = uri;
    this.opts = { path: "/socket.io", ...(typeof uri === "object" ? uri : opts) };
    const given: ManagerOptions = this.opts;
    for (const name of Object.keys(DEFAULTS) as (keyof Settings)[]) {
      const value = given[name];
      // 0 attempts and a delay of 0 are the defaults, as they are in the official client.
      if (value !== undefined && (value !== 0 || !/A|D/.test(name))) this.#setting(name, value);
    }
    const { Encoder, Decoder } = this.opts.parser ?? kit.parser;
    this.#encoder = new Encoder();
    this.#decoder = new Decoder();
    this.#decoder.on("decoded", (packet) => {
      this._fire("packet", packet);
      this.nsps[packet.nsp]?._onPacket(packet);
    });
    this._autoConnect = this.opts.autoConnect !== false;
    if (this._autoConnect) this.open();
  }

  /** Connects, unless that is done or under way. `done` hears of this attempt only, and then nothing is retried. */
  open(done?: (error?: Error) => void): this {
    if (this._readyState === "closed") {
      this._reconnecting = false;
      this.#open(done);
    }
    return this;
  }

  /** The same as `open`. */
  connect(done?: (error?: Error) => void): this {
    return this.open(done);
  }

  /** The socket of a namespace; made at the first call. */
  socket<L extends object = Listen, E extends object = Emit>(nsp: string, opts?: SocketOptions): Socket<L, E> {
    let socket = this.nsps[nsp];
    if (!socket) {
      socket = new Socket(this, nsp, opts);
      this.nsps[nsp] = socket;
    }
    if (this._autoConnect) socket.connect();
    return socket as unknown as Socket<L, E>;
  }

  /** Whether to reconnect; with an argument: sets it. */
  reconnection(): boolean;
  reconnection(value: boolean): this;
  reconnection(value?: boolean): this | boolean {
    if (value === false) this.#skipReconnect = true;
    return this.#setting("reconnection", value);
  }

  /** Attempts before giving up; with an argument: sets it. */
  reconnectionAttempts(): number;
  reconnectionAttempts(value: number): this;
  reconnectionAttempts(value?: number): this | number {
    return this.#setting("reconnectionAttempts", value);
  }

  /** The first delay in milliseconds; with an argument: sets it. */
  reconnectionDelay(): number;
  reconnectionDelay(value: number): this;
  reconnectionDelay(value?: number): this | number {
    return this.#setting("reconnectionDelay", value);
  }

  /** The longest delay in milliseconds; with an argument: sets it. */
  reconnectionDelayMax(): number;
  reconnectionDelayMax(value: number): this;
  reconnectionDelayMax(value?: number): this | number {
    return this.#setting("reconnectionDelayMax", value);
  }

  /** The part by which a delay may be shorter or longer; with an argument: sets it. */
  randomizationFactor(): number;
  randomizationFactor(value: number): this;
  randomizationFactor(value?: number): this | number {
    return this.#setting("randomizationFactor", value);
  }

  /** How long an attempt may take, in milliseconds; with an argument: sets it. */
  timeout(): number | false;
  timeout(value: number | false): this;
  timeout(value?: number | false): this | number | false {
    return this.#setting("timeout", value);
  }

  /** @internal Whether there is a connection, or one that is about to be and may be written to already. */
  get _takesPackets(): boolean {
    const { earlyConnect, tryAllTransports } = this.opts;
    return this._readyState === "open" || (this._readyState === "opening" && !!earlyConnect && !tryAllTransports);
  }

  /** @internal Encodes a packet. */
  _encode(packet: Packet): ReturnType<PacketEncoder["encode"]> {
    return this.#encoder.encode(packet);
  }

  /** @internal Sends an encoded packet. */
  _send(frames: ReturnType<PacketEncoder["encode"]>, packet: Packet): void {
    for (const frame of frames) this.engine?.write(frame, packet.options);
  }

  /** @internal A socket wants the connection no more: with the last one it ends. */
  _release(): void {
    for (const nsp in this.nsps) if (this.nsps[nsp]?.active) return;
    this._close();
  }

  /** @internal Ends the connection and any attempt to have one again. */
  _close(): void {
    this.#skipReconnect = true;
    this._reconnecting = false;
    this.#onClose("forced close");
  }

  /** @internal What is known of an end, with what the server said before. */
  _describe(details?: Error | CloseDetails): DisconnectDescription | undefined {
    const goodbye = this.engine?.goodbye;
    return goodbye ? Object.assign(details ?? { description: "disconnected by the server" }, { goodbye }) : details;
  }

  #setting<K extends keyof Settings>(name: K, value: Settings[K] | undefined): this | Settings[K] {
    if (value === undefined) return this.#settings[name];
    this.#settings[name] = value;
    return this;
  }

  #open(done?: (error?: Error) => void): void {
    this._readyState = "opening";
    this.#skipReconnect = false;
    this.#stopWaiting?.();
    this.#decoder.destroy();

    const fail = (error: Error) => {
      this.#abandon?.();
      engine.close(true);
      this._readyState = "closed";
      this._fire("error", error);
      this.#tell((socket) => socket._onError(error));
      if (done) done(error);
      else this.#reconnect();
    };
    const hooks: SessionHooks = {
      open: () => {
        stopTimer(this.opts, timer);
        this._readyState = "open";
        this.#comeBackAfter = undefined;
        this._fire("open");
        this.#tell((socket) => socket._onOpen());
        done?.();
      },
      data: (message) => this.#onMessage(message),
      ping: () => this._fire("ping"),
      error: (error) => (this._readyState === "opening" ? fail(error) : this._fire("error", error)),
      close: (reason, details) =>
        this._readyState === "opening" ? fail(closed(reason, details)) : this.#onClose(reason, details),
    };
    const engine = new Session(this.uri, this.opts, hooks);
    this.engine = engine;
    const { timeout } = this.#settings;
    const timer: Timer =
      timeout === false ? undefined : startTimer(this.opts, () => fail(new Error("timeout")), timeout);
    this.#abandon = () => {
      this.#abandon = undefined;
      stopTimer(this.opts, timer);
      for (const event in hooks) delete hooks[event as keyof SessionHooks];
    };
    if (this._takesPackets) this.#tell((socket) => socket._onOpen());
  }

  #onMessage(message: string | Bytes): void {
    try {
      this.#decoder.add(message);
    } catch (error) {
      this.#onClose("parse error", error as Error);
    }
  }

  #onClose(reason: ManagerCloseReason, details?: Error | CloseDetails): void {
    this.#stopWaiting?.();
    this.#abandon?.();
    const description = this._describe(details);
    this.#comeBackAfter = description?.goodbye?.reconnectAfter;
    this.engine?.close(reason === "parse error");
    this.#attempts = 0;
    const wasClosed = this._readyState === "closed";
    this._readyState = "closed";
    if (!wasClosed) this._fire("close", reason, description);
    this.#tell((socket) => socket._onClose(reason, description));
    this.#reconnect();
  }

  #reconnect(): void {
    if (this._reconnecting || this.#skipReconnect || !this.#settings.reconnection) return;
    if (this.#attempts >= this.#settings.reconnectionAttempts) {
      this.#attempts = 0;
      this._fire("reconnect_failed");
      return;
    }
    this._reconnecting = true;
    const after = this.#comeBackAfter;
    this.#comeBackAfter = undefined;
    const delay = after === undefined ? backoff(this.#settings, this.#attempts) : backoffAfter(this.#settings, after);
    this.#attempts++;
    const attempt = () => {
      this.#stopWaiting?.();
      if (this.#skipReconnect) return;
      this._fire("reconnect_attempt", this.#attempts);
      // A listener may have given up, or connected itself.
      if (!this.#skipReconnect && this._readyState === "closed") this.#open((error) => this.#onReconnect(error));
    };
    const timer = startTimer(this.opts, attempt, delay);
    // A device that has found a network need not wait for the timer.
    const leavePage = onPage("online", attempt);
    this.#stopWaiting = () => {
      this.#stopWaiting = undefined;
      stopTimer(this.opts, timer);
      leavePage();
    };
  }

  #onReconnect(error?: Error): void {
    this._reconnecting = false;
    if (error) {
      this._fire("reconnect_error", error);
      this.#reconnect();
      return;
    }
    const attempts = this.#attempts;
    this.#attempts = 0;
    this._fire("reconnect", attempts);
  }

  #tell(action: (socket: Socket) => void): void {
    for (const socket of Object.values(this.nsps)) action(socket);
  }
}

/** The error of a connection that ended before it was one. */
function closed(reason: CloseReason, details?: CloseDetails | TransportError): Error {
  return details instanceof Error ? details : transportError(reason, details);
}
