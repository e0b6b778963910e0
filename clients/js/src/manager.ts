// A manager keeps one connection for any number of namespaces: it opens the session, joins messages to packets, hands
// each to the socket of its namespace, and reconnects. What a packet means is the socket's business.

import * as kit from "#kit";
import { type BackoffSettings, backoff, backoffAfter } from "./backoff.js";
import { transportError } from "./engine/error.js";
import type { Goodbye } from "./engine/goodbye.js";
import type { SessionOptions } from "./engine/options.js";
import { type CloseReason, Session } from "./engine/session.js";
import { type DefaultEvents, Emitter } from "./events.js";
import type { Packet, PacketDecoder, PacketEncoder, Parser } from "./parser/packet.js";
import { leavePage, listenToPage, startTimer, stopTimer, type Timer } from "./platform.js";
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
  readonly _encoder: PacketEncoder;
  /** @internal */
  readonly _autoConnect: boolean;
  /** @internal */
  _readyState: "closed" | "opening" | "open" = "closed";
  /** @internal Whether an attempt is under way or planned, which a socket then waits for. */
  _reconnecting = false;

  private readonly _settings: Settings;
  private readonly _decoder: PacketDecoder;
  /** Delays that were waited since the last connection. */
  private _attempts = 0;
  /** Set by `_close`, until the next `open`: the user does not want this connection. */
  private _skipReconnect = false;
  /** When the server wants us back, in milliseconds from the end of the connection. */
  private _comeBackAfter: number | undefined;
  /** That of the attempt under way, or of the wait for the next one. */
  private _timer: Timer;

  constructor(opts?: ManagerOptions);
  constructor(uri?: string | ManagerOptions, opts?: ManagerOptions);
  constructor(uri?: string | ManagerOptions, opts: ManagerOptions = {}) {
    super();
    if (typeof uri !== "object") this.uri = uri;
    this.opts = { path: "/socket.io", ...(typeof uri === "object" ? uri : opts) };
    const given: ManagerOptions = this.opts;
    // 0 attempts and a delay of 0 are the defaults, as they are in the official client.
    this._settings = {
      reconnection: given.reconnection ?? true,
      reconnectionAttempts: given.reconnectionAttempts || Number.POSITIVE_INFINITY,
      reconnectionDelay: given.reconnectionDelay || 1000,
      reconnectionDelayMax: given.reconnectionDelayMax || 5000,
      randomizationFactor: given.randomizationFactor ?? 0.5,
      timeout: given.timeout ?? 20_000,
    };
    const { parser } = this.opts;
    this._encoder = new (parser?.Encoder ?? kit.Encoder)();
    this._decoder = new (parser?.Decoder ?? kit.Decoder)();
    this._decoder.on("decoded", (packet) => {
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
      this._open(done);
    }
    return this;
  }

  /** The same as `open`. */
  connect(done?: (error?: Error) => void): this {
    return this.open(done);
  }

  /** The socket of a namespace; made at the first call. */
  socket<L extends object = Listen, E extends object = Emit>(nsp: string, opts?: SocketOptions): Socket<L, E> {
    this.nsps[nsp] ??= new Socket(this, nsp, opts);
    const socket = this.nsps[nsp];
    if (this._autoConnect) socket.connect();
    return socket as unknown as Socket<L, E>;
  }

  /** Whether to reconnect; with an argument: sets it. */
  reconnection(): boolean;
  reconnection(value: boolean): this;
  reconnection(value?: boolean): this | boolean {
    if (value === false) this._skipReconnect = true;
    return this._setting("reconnection", value);
  }

  /** Attempts before giving up; with an argument: sets it. */
  reconnectionAttempts(): number;
  reconnectionAttempts(value: number): this;
  reconnectionAttempts(value?: number): this | number {
    return this._setting("reconnectionAttempts", value);
  }

  /** The first delay in milliseconds; with an argument: sets it. */
  reconnectionDelay(): number;
  reconnectionDelay(value: number): this;
  reconnectionDelay(value?: number): this | number {
    return this._setting("reconnectionDelay", value);
  }

  /** The longest delay in milliseconds; with an argument: sets it. */
  reconnectionDelayMax(): number;
  reconnectionDelayMax(value: number): this;
  reconnectionDelayMax(value?: number): this | number {
    return this._setting("reconnectionDelayMax", value);
  }

  /** The part by which a delay may be shorter or longer; with an argument: sets it. */
  randomizationFactor(): number;
  randomizationFactor(value: number): this;
  randomizationFactor(value?: number): this | number {
    return this._setting("randomizationFactor", value);
  }

  /** How long an attempt may take, in milliseconds; with an argument: sets it. */
  timeout(): number | false;
  timeout(value: number | false): this;
  timeout(value?: number | false): this | number | false {
    return this._setting("timeout", value);
  }

  /** @internal Whether there is a connection, or one that is about to be and may be written to already. */
  get _takesPackets(): boolean {
    const { earlyConnect, tryAllTransports } = this.opts;
    const early = this._readyState === "opening" && !!earlyConnect && !(POLLING && tryAllTransports);
    return early || this._readyState === "open";
  }

  /** @internal Sends a packet, written already or not. */
  _send(packet: Packet, frames = this._encoder.encode(packet)): void {
    for (const frame of frames) this.engine?.write(frame, packet.options);
  }

  /** @internal A socket wants the connection no more: with the last one it ends. */
  _release(): void {
    if (!Object.values(this.nsps).some((socket) => socket.active)) this._close();
  }

  /** @internal Ends the connection and any attempt to have one again. */
  _close(): void {
    this._skipReconnect = true;
    this._reconnecting = false;
    this._onClose("forced close");
  }

  /** @internal What is known of an end, with what the server said before. */
  _describe(details?: Error | CloseDetails): DisconnectDescription | undefined {
    const goodbye = this.engine?.goodbye;
    return goodbye ? Object.assign(details ?? { description: "goodbye" }, { goodbye }) : details;
  }

  private _setting<K extends keyof Settings>(name: K, value: Settings[K] | undefined): this | Settings[K] {
    if (value === undefined) return this._settings[name];
    this._settings[name] = value;
    return this;
  }

  /** @internal The page has found a network: no need to wait for the timer. */
  handleEvent(): void {
    this._stop();
    if (this._skipReconnect) return;
    this._fire("reconnect_attempt", this._attempts);
    // A listener may have given up, or connected itself.
    if (!this._skipReconnect && this._readyState === "closed") this._open((error) => this._onReconnect(error));
  }

  /** Ends what is under way: the time of an attempt and the listening to its session, or the wait for the next one. */
  private _stop(): void {
    stopTimer(this.opts, this._timer);
    leavePage("online", this);
    if (this.engine) this.engine._hooks = {};
  }

  private _open(done?: (error?: Error) => void): void {
    this._stop();
    this._readyState = "opening";
    this._skipReconnect = false;
    this._decoder.destroy();

    const fail = (error: Error) => {
      this._stop();
      engine.close(true);
      this._readyState = "closed";
      this._fire("error", error);
      this._tell((socket) => socket._onError(error));
      if (done) done(error);
      else this._reconnect();
    };
    const engine = new Session(this.uri, this.opts, {
      open: () => {
        stopTimer(this.opts, this._timer);
        this._readyState = "open";
        this._comeBackAfter = undefined;
        this._fire("open");
        this._tell((socket) => socket._onOpen());
        done?.();
      },
      data: (message) => {
        try {
          this._decoder.add(message);
        } catch (error) {
          this._onClose("parse error", error as Error);
        }
      },
      ping: () => this._fire("ping"),
      error: (error) => (this._readyState === "opening" ? fail(error) : this._fire("error", error)),
      close: (reason, details) =>
        this._readyState === "opening" ? fail(transportError(reason, details)) : this._onClose(reason, details),
    });
    this.engine = engine;
    const { timeout } = this._settings;
    if (timeout !== false) this._timer = startTimer(this.opts, () => fail(new Error("timeout")), timeout);
    if (this._takesPackets) this._tell((socket) => socket._onOpen());
  }

  private _onClose(reason: ManagerCloseReason, details?: Error | CloseDetails): void {
    this._stop();
    const description = this._describe(details);
    this._comeBackAfter = description?.goodbye?.reconnectAfter;
    this.engine?.close(reason === "parse error");
    this._attempts = 0;
    const wasClosed = this._readyState === "closed";
    this._readyState = "closed";
    if (!wasClosed) this._fire("close", reason, description);
    this._tell((socket) => socket._onClose(reason, description));
    this._reconnect();
  }

  private _reconnect(): void {
    if (this._reconnecting || this._skipReconnect || !this._settings.reconnection) return;
    if (this._attempts >= this._settings.reconnectionAttempts) {
      this._attempts = 0;
      this._fire("reconnect_failed");
      return;
    }
    this._reconnecting = true;
    const after = this._comeBackAfter;
    this._comeBackAfter = undefined;
    const delay = after === undefined ? backoff(this._settings, this._attempts) : backoffAfter(this._settings, after);
    this._attempts++;
    this._timer = startTimer(this.opts, () => this.handleEvent(), delay);
    listenToPage("online", this);
  }

  private _onReconnect(error?: Error): void {
    this._reconnecting = false;
    if (error) {
      this._fire("reconnect_error", error);
      this._reconnect();
      return;
    }
    const attempts = this._attempts;
    this._attempts = 0;
    this._fire("reconnect", attempts);
  }

  private _tell(action: (socket: Socket) => void): void {
    for (const socket of Object.values(this.nsps)) action(socket);
  }
}
