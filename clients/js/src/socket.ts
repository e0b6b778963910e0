// A socket is this client in one namespace: events in both directions, acknowledgements, and what is kept while there
// is no connection. The connection itself is the manager's.

import { type AnyListener, type DefaultEvents, Emitter, type EventArgs, type EventName, invoke } from "./events.js";
import type { DisconnectDescription, Manager } from "./manager.js";
import { nextOffset } from "./offset.js";
import {
  ACK,
  CONNECT,
  CONNECT_ERROR,
  DISCONNECT,
  EVENT,
  type Frame,
  type Packet,
  RESERVED,
  WITH_BINARY,
} from "./parser/packet.js";
import { startTimer, stopTimer, type Timer } from "./platform.js";
import { RetryQueue } from "./retries.js";
import type {
  AllButLast,
  Answer,
  Auth,
  DecorateAcknowledgements,
  DisconnectReason,
  SocketEvents,
  SocketOptions,
} from "./socket-types.js";

/** What is said of one emit. */
interface Flags {
  timeout?: number;
  volatile?: boolean;
  compress?: boolean;
}

/** An event that awaits its answer. */
export interface PendingAck {
  call: AnyListener;
  /** The acknowledgement has an error in front, so it can be told that none will come. */
  withError: boolean;
  timer: Timer;
}

/** An event that was emitted without a connection, written already. */
interface Buffered extends Packet {
  frames: Frame[];
}

/** A listener for events of any name. */
export type CatchAll = (event: string, ...args: never[]) => void;

const NONE: CatchAll[] = [];

/** Before its arguments an acknowledgement has an error, or null. */
const WITH_ERROR = Symbol();

export class Socket<Listen extends object = DefaultEvents, Emit extends object = Listen> extends Emitter<
  SocketEvents,
  Listen
> {
  readonly io: Manager;
  readonly nsp: string;
  /** Read at each connect, so it may be replaced. */
  auth: SocketOptions["auth"];
  /** The id that the server gave to this connection; `undefined` while there is none. */
  id: string | undefined;
  connected = false;
  /** Whether the server took this connection for the last one gone on: nothing was missed, rooms and id are as before. */
  recovered = false;
  /** Whether the socket is connected, or means to be when the connection is there. */
  active = false;
  /** Events that came before the answer to CONNECT; delivered before `connect`. */
  readonly receiveBuffer: Packet[] = [];
  /** Events that were emitted without a connection; sent before `connect`. */
  readonly sendBuffer: Buffered[] = [];

  /** What awaits an answer, by the id of the event. */
  readonly acks: Record<number, PendingAck> = {};

  /** @internal The private id, with which the server finds the state of the last connection. */
  _pid: string | undefined;
  /** @internal */
  _lastOffset: string | undefined;
  /** @internal Events that are sent until they are acknowledged. */
  readonly _queue: RetryQueue<Flags> | undefined;

  readonly #opts: SocketOptions;
  #nextId = 0;
  // Replaced, never changed.
  #onAny = NONE;
  #onAnyOutgoing = NONE;
  /** Counts connections, so that what was begun on one does not go on in the next. */
  #round = 0;
  /** Whether CONNECT has been sent, or its auth asked for: a second one would be a fault. */
  #asked = false;
  /** For the next emit only. */
  #flags: Flags = {};

  /** Made by `Manager.socket`. */
  constructor(io: Manager<never, never> | Manager, nsp: string, opts: SocketOptions = {}) {
    super();
    this.io = io as Manager;
    this.nsp = nsp;
    this.auth = opts.auth;
    this.#opts = opts;
    if (opts.retries) {
      this._queue = new RetryQueue(
        opts.retries,
        () => this.connected,
        (args, flags, done) => this.#emit([...args, Object.assign(done, { [WITH_ERROR]: true })], flags),
      );
    }
  }

  get disconnected(): boolean {
    return !this.connected;
  }

  /** Connects, unless that is done or under way. */
  connect(): this {
    if (this.connected) return this;
    this.active = true;
    if (!this.io._reconnecting) this.io.open();
    if (this.io._takesPackets) this._onOpen();
    return this;
  }

  /** The same as `connect`. */
  open(): this {
    return this.connect();
  }

  /** Leaves the namespace; the connection ends with its last socket. */
  disconnect(): this {
    if (this.connected) this.#send({ type: DISCONNECT });
    this.#leave("io client disconnect");
    return this;
  }

  /** The same as `disconnect`. */
  close(): this {
    return this.disconnect();
  }

  /**
   * Sends an event, or keeps it until there is a connection. A function at the end is called with the answer;
   * after `timeout` it has an error, or null, in front.
   * @throws Error when the name is the socket's own, and what the parser throws when an argument cannot be written.
   */
  emit<K extends EventName<Emit>>(event: K, ...args: EventArgs<object, Emit, K>): this {
    const flags = this.#flags;
    this.#flags = {};
    if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`);
    const data = [event, ...args];
    if (!this._queue || flags.volatile) this.#emit(data, flags);
    else this._queue.add(data, flags);
    return this;
  }

  /** Sends an event; resolves with the answer, rejects when there will be none. */
  emitWithAck<K extends EventName<Emit>>(
    event: K,
    ...args: AllButLast<EventArgs<object, Emit, K>>
  ): Promise<Answer<EventArgs<object, Emit, K>>> {
    return new Promise((resolve, reject) => {
      const answer = (error: Error | null, value: Answer<EventArgs<object, Emit, K>>) =>
        error ? reject(error) : resolve(value);
      this.emit(event, ...([...args, Object.assign(answer, { [WITH_ERROR]: true })] as EventArgs<object, Emit, K>));
    });
  }

  /** Sends a `message` event. */
  send(...args: EventArgs<object, Emit, "message">): this {
    return this.emit("message" as EventName<Emit>, ...(args as EventArgs<object, Emit, EventName<Emit>>));
  }

  /** For the next emit: how long its acknowledgement may take, in milliseconds. */
  timeout(milliseconds: number): Socket<Listen, DecorateAcknowledgements<Emit>> {
    this.#flags.timeout = milliseconds;
    return this as unknown as Socket<Listen, DecorateAcknowledgements<Emit>>;
  }

  /** For the next emit: drop it rather than keep it when it cannot go out at once. */
  get volatile(): this {
    this.#flags.volatile = true;
    return this;
  }

  /** For the next emit: whether to compress it where the transport can. */
  compress(compress: boolean): this {
    this.#flags.compress = compress;
    return this;
  }

  /** Adds a listener for every event that arrives, called with its name and arguments, before its own listeners. */
  onAny(listener: CatchAll): this {
    this.#onAny = [...this.#onAny, listener];
    return this;
  }

  /** The same, before all others. */
  prependAny(listener: CatchAll): this {
    this.#onAny = [listener, ...this.#onAny];
    return this;
  }

  /** Removes a listener of `onAny`, or all. */
  offAny(listener?: CatchAll): this {
    this.#onAny = without(this.#onAny, listener);
    return this;
  }

  /** The listeners of `onAny`. */
  listenersAny(): CatchAll[] {
    return this.#onAny;
  }

  /** Adds a listener for every event that is sent, called with its name and arguments when that goes out. */
  onAnyOutgoing(listener: CatchAll): this {
    this.#onAnyOutgoing = [...this.#onAnyOutgoing, listener];
    return this;
  }

  /** The same, before all others. */
  prependAnyOutgoing(listener: CatchAll): this {
    this.#onAnyOutgoing = [listener, ...this.#onAnyOutgoing];
    return this;
  }

  /** Removes a listener of `onAnyOutgoing`, or all. */
  offAnyOutgoing(listener?: CatchAll): this {
    this.#onAnyOutgoing = without(this.#onAnyOutgoing, listener);
    return this;
  }

  /** The listeners of `onAnyOutgoing`. */
  listenersAnyOutgoing(): CatchAll[] {
    return this.#onAnyOutgoing;
  }

  /** @internal The manager has a connection, or is about to and what is sent now goes with its request. */
  _onOpen(): void {
    if (!this.active || this.#asked) return;
    this.#asked = true;
    const round = ++this.#round;
    const send = (auth?: Auth) => {
      // An auth function may answer when this connection is long gone.
      if (round !== this.#round || !this.active) return;
      const data = this._pid ? { pid: this._pid, offset: this._lastOffset, ...auth } : auth;
      this.#send({ type: CONNECT, data });
    };
    if (typeof this.auth === "function") this.auth(send);
    else send(this.auth);
  }

  /** @internal The manager could not connect. */
  _onError(error: Error): void {
    this.#round++;
    this.#asked = false;
    if (this.active && !this.connected) this._fire("connect_error", error);
  }

  /** @internal The manager's connection ended. */
  _onClose(reason: DisconnectReason, description?: DisconnectDescription): void {
    this.#round++;
    this.#asked = false;
    this.receiveBuffer.length = 0;
    const wasConnected = this.connected;
    this.connected = false;
    this.id = undefined;
    if (wasConnected) this._fire("disconnect", reason, description);
    this.#failAcks();
  }

  /** @internal A packet of this namespace. */
  _onPacket(packet: Packet): void {
    if (!this.active) return;
    const data = packet.data as Record<string, unknown> | undefined;
    switch (packet.type) {
      case CONNECT:
        if (typeof data?.sid === "string") this.#onConnect(data.sid, data.pid as string | undefined);
        else this._fire("connect_error", new Error(OLD_SERVER));
        break;
      case EVENT:
      case EVENT + WITH_BINARY:
        if (this.connected) this.#onEvent(packet);
        else this.receiveBuffer.push(packet);
        break;
      case ACK:
      case ACK + WITH_BINARY:
        this.#onAck(packet);
        break;
      case DISCONNECT:
        this.#leave("io server disconnect");
        break;
      case CONNECT_ERROR: {
        const message = typeof data === "object" ? data.message : data;
        this.#leave("io server disconnect");
        this._fire("connect_error", Object.assign(new Error(message as string), { data: data?.data }));
      }
    }
  }

  #onConnect(sid: string, pid?: string): void {
    if (this.connected) return;
    this.id = sid;
    this.recovered = !!pid && pid === this._pid;
    if (!this.recovered) this._lastOffset = undefined;
    this._pid = pid;
    this.connected = true;
    for (const packet of this.receiveBuffer.splice(0)) this.#onEvent(packet);
    for (const packet of this.sendBuffer.splice(0)) this.#sendEvent(packet, packet.frames);
    this._queue?.drain();
    this._fire("connect");
  }

  #onEvent({ id, data = [] }: Packet): void {
    const [event, ...args] = data as [string, ...unknown[]];
    if (event === undefined) return;
    const last = args.at(-1);
    if (id !== undefined) args.push(this.#answer(id));
    else if (this._pid && typeof last === "string") this._lastOffset = nextOffset(this._lastOffset, last);
    for (const listener of this.#onAny) invoke(this, listener, [event, ...args]);
    this._fire(String(event), ...args);
  }

  /** The function with which a listener answers: once, and only to the connection that asked. */
  #answer(id: number): (...args: unknown[]) => void {
    const round = this.#round;
    let answered = false;
    return (...data) => {
      if (answered || round !== this.#round || !this.connected) return;
      answered = true;
      this.#send({ type: ACK, id, data });
    };
  }

  #emit(data: unknown[], { volatile, compress = true, timeout = this.#opts.ackTimeout }: Flags): void {
    const packet: Packet = { type: EVENT, nsp: this.nsp, data, options: { compress } };
    const last = data.at(-1);
    if (typeof last === "function") {
      data.pop();
      packet.id = this.#nextId++;
    }
    const frames = this.io._encode(packet);
    const { engine } = this.io;
    const ready = this.connected && !engine?._hasPingExpired();
    if (packet.id !== undefined) this.#awaitAck(packet.id, last as AnyListener, timeout);
    if (ready && !(volatile && !engine?.transport.writable)) this.#sendEvent(packet, frames);
    else if (!volatile) this.sendBuffer.push({ ...packet, frames });
  }

  #sendEvent(packet: Packet, frames: Frame[]): void {
    for (const listener of this.#onAnyOutgoing) invoke(this, listener, packet.data as unknown[]);
    this.io._send(frames, packet);
  }

  #awaitAck(id: number, call: AnyListener & { [WITH_ERROR]?: boolean }, timeout?: number): void {
    const timer =
      timeout === undefined
        ? undefined
        : startTimer(
            this.io.opts,
            () => {
              const index = this.sendBuffer.findIndex((buffered) => buffered.id === id);
              if (index >= 0) this.sendBuffer.splice(index, 1);
              this.#takeAck(id);
              invoke(this, call, [new Error("operation has timed out")]);
            },
            timeout,
          );
    this.acks[id] = { call, timer, withError: timeout !== undefined || !!call[WITH_ERROR] };
  }

  #takeAck(id: number | undefined): PendingAck | undefined {
    const ack = this.acks[id as number];
    if (ack?.timer) stopTimer(this.io.opts, ack.timer);
    delete this.acks[id as number];
    return ack;
  }

  #onAck({ id, data = [] }: Packet): void {
    const ack = this.#takeAck(id);
    if (ack) invoke(this, ack.call, [...(ack.withError ? [null] : []), ...(data as unknown[])]);
  }

  /** No answer will come to what was sent on a connection that is gone; what is only buffered still has its chance. */
  #failAcks(): void {
    for (const id of Object.keys(this.acks).map(Number)) {
      if (this.sendBuffer.some((buffered) => buffered.id === id)) continue;
      const ack = this.#takeAck(id);
      if (ack?.withError) invoke(this, ack.call, [new Error("socket has been disconnected")]);
    }
  }

  #leave(reason: DisconnectReason): void {
    const wasActive = this.active;
    this.active = false;
    this._onClose(reason, this.io._describe());
    if (wasActive) this.io._release();
  }

  #send(packet: Omit<Packet, "nsp">): void {
    const whole = { ...packet, nsp: this.nsp };
    this.io._send(this.io._encode(whole), whole);
  }
}

const OLD_SERVER =
  "It seems you are trying to reach a Socket.IO server in v2.x with a v3.x client, but they are not compatible";

function without(listeners: CatchAll[], listener?: CatchAll): CatchAll[] {
  const index = listeners.indexOf(listener as CatchAll);
  return listener ? listeners.filter((_, at) => at !== index) : [];
}
