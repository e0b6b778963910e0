// A socket is this client in one namespace: events in both directions, acknowledgements, and what is kept while there
// is no connection. The connection itself is the manager's.

import {
  type AnyListener,
  type DefaultEvents,
  Emitter,
  type EventArgs,
  type EventName,
  invoke,
  without,
} from "./events.js";
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
  /** The acknowledgement has an error or null in front, and so can be told that no answer will come. */
  _withError?: boolean;
}

/** An event that awaits its answer: call it with the answer, or with the reason why there will be none. */
export type PendingAck = (error: Error | null, answer?: readonly unknown[]) => void;

/** An event, written already. */
interface Written extends Packet {
  _frames: Frame[];
}

/** An event of those who set the option `retries`. */
interface Queued {
  data: unknown[];
  flags: Flags;
  ack: AnyListener | undefined;
  _tries: number;
  /** Sent, and neither acknowledged nor given up. */
  _pending: boolean;
}

/** A listener for events of any name. */
export type CatchAll = (event: string, ...args: never[]) => void;

const NONE: CatchAll[] = [];
const NO_QUEUE: Queued[] = [];

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
  readonly sendBuffer: Written[] = [];

  /** What awaits an answer, by the id of the event. */
  readonly acks: Record<number, PendingAck> = {};

  /** @internal The private id, with which the server finds the state of the last connection. */
  _pid: string | undefined;
  /** @internal */
  _lastOffset: string | undefined;
  /**
   * @internal With the option `retries`, events in the order in which they are to arrive. One is under way at a time, sent
   * again until it is acknowledged or the tries are used up: the order is kept, nothing is lost, and one may arrive twice.
   */
  readonly _queue: Queued[] = NO_QUEUE;

  private readonly _opts: SocketOptions;
  private _nextId = 0;
  // Replaced, never changed.
  private _any = NONE;
  private _anyOutgoing = NONE;
  /**
   * Stands for one connection, from the request for it on (a second one would be a fault) to its end: what was begun on one
   * does not go on in the next.
   */
  private _round: object | undefined;
  /** For the next emit only. */
  private _flags: Flags = {};

  /** Made by `Manager.socket`. */
  constructor(io: Manager<never, never> | Manager, nsp: string, opts: SocketOptions = {}) {
    super();
    this.io = io as Manager;
    this.nsp = nsp;
    this.auth = opts.auth;
    this._opts = opts;
    if (opts.retries) this._queue = [];
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
    if (this.connected) this._send({ type: DISCONNECT });
    this._leave("io client disconnect");
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
    const flags = this._flags;
    this._flags = {};
    if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`);
    const data: unknown[] = [event, ...args];
    const ack = typeof data.at(-1) === "function" ? (data.pop() as AnyListener) : undefined;
    if (this._opts.retries && !flags.volatile) {
      this._queue.push({ data, flags, ack, _tries: 0, _pending: false });
      this._drain();
    } else this._emit(data, flags, ack);
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
      this._flags._withError = true;
      this.emit(event, ...([...args, answer] as EventArgs<object, Emit, K>));
    });
  }

  /** Sends a `message` event. */
  send(...args: EventArgs<object, Emit, "message">): this {
    return this.emit("message" as EventName<Emit>, ...(args as EventArgs<object, Emit, EventName<Emit>>));
  }

  /** For the next emit: how long its acknowledgement may take, in milliseconds. */
  timeout(milliseconds: number): Socket<Listen, DecorateAcknowledgements<Emit>> {
    this._flags.timeout = milliseconds;
    return this as unknown as Socket<Listen, DecorateAcknowledgements<Emit>>;
  }

  /** For the next emit: drop it rather than keep it when it cannot go out at once. */
  get volatile(): this {
    this._flags.volatile = true;
    return this;
  }

  /** For the next emit: whether to compress it where the transport can. */
  compress(compress: boolean): this {
    this._flags.compress = compress;
    return this;
  }

  /** Adds a listener for every event that arrives, called with its name and arguments, before its own listeners. */
  onAny(listener: CatchAll): this {
    this._any = [...this._any, listener];
    return this;
  }

  /** The same, before all others. */
  prependAny(listener: CatchAll): this {
    this._any = [listener, ...this._any];
    return this;
  }

  /** Removes a listener of `onAny`, or all. */
  offAny(listener?: CatchAll): this {
    this._any = without(this._any, listener);
    return this;
  }

  /** The listeners of `onAny`. */
  listenersAny(): CatchAll[] {
    return this._any;
  }

  /** Adds a listener for every event that is sent, called with its name and arguments when that goes out. */
  onAnyOutgoing(listener: CatchAll): this {
    this._anyOutgoing = [...this._anyOutgoing, listener];
    return this;
  }

  /** The same, before all others. */
  prependAnyOutgoing(listener: CatchAll): this {
    this._anyOutgoing = [listener, ...this._anyOutgoing];
    return this;
  }

  /** Removes a listener of `onAnyOutgoing`, or all. */
  offAnyOutgoing(listener?: CatchAll): this {
    this._anyOutgoing = without(this._anyOutgoing, listener);
    return this;
  }

  /** The listeners of `onAnyOutgoing`. */
  listenersAnyOutgoing(): CatchAll[] {
    return this._anyOutgoing;
  }

  /** @internal The manager has a connection, or is about to and what is sent now goes with its request. */
  _onOpen(): void {
    if (!this.active || this._round) return;
    const round = {};
    this._round = round;
    const send = (auth?: Auth) => {
      // An auth function may answer when this connection is long gone.
      if (round !== this._round) return;
      const data = this._pid ? { pid: this._pid, offset: this._lastOffset, ...auth } : auth;
      this._send({ type: CONNECT, data });
    };
    if (typeof this.auth === "function") this.auth(send);
    else send(this.auth);
  }

  /** @internal The manager could not connect. */
  _onError(error: Error): void {
    this._round = undefined;
    if (this.active && !this.connected) this._fire("connect_error", error);
  }

  /** @internal The manager's connection ended. */
  _onClose(reason: DisconnectReason, description?: DisconnectDescription): void {
    this._round = undefined;
    this.receiveBuffer.length = 0;
    const wasConnected = this.connected;
    this.connected = false;
    this.id = undefined;
    if (wasConnected) this._fire("disconnect", reason, description);
    // No answer will come to what was sent on a connection that is gone; what is only buffered still has its chance.
    for (const id in this.acks) {
      if (this.sendBuffer.every((buffered) => buffered.id !== +id)) {
        this.acks[id]?.(new Error("socket has been disconnected"));
      }
    }
  }

  /** @internal A packet of this namespace. */
  _onPacket(packet: Packet): void {
    if (!this.active) return;
    const { type, id } = packet;
    const data = packet.data as Record<string, unknown> | undefined;
    if (type === CONNECT) {
      if (typeof data?.sid === "string") this._onConnect(data.sid, data.pid as string | undefined);
      else this._fire("connect_error", new Error(OLD_SERVER));
    } else if (type === EVENT || type === EVENT + WITH_BINARY) {
      if (this.connected) this._onEvent(packet);
      else this.receiveBuffer.push(packet);
    } else if (type === ACK || type === ACK + WITH_BINARY) {
      this.acks[id as number]?.(null, packet.data as unknown[]);
    } else {
      this._leave("io server disconnect");
      if (type === CONNECT_ERROR) {
        const message = typeof data === "object" ? data.message : data;
        this._fire("connect_error", Object.assign(new Error(message as string), { data: data?.data }));
      }
    }
  }

  private _onConnect(sid: string, pid?: string): void {
    if (this.connected) return;
    this.id = sid;
    this.recovered = !!pid && pid === this._pid;
    if (!this.recovered) this._lastOffset = undefined;
    this._pid = pid;
    this.connected = true;
    for (const packet of this.receiveBuffer.splice(0)) this._onEvent(packet);
    for (const packet of this.sendBuffer.splice(0)) this._sendEvent(packet);
    this._drain();
    this._fire("connect");
  }

  private _onEvent({ id, data }: Packet): void {
    if (!data) return;
    const [event, ...args] = data as [string, ...unknown[]];
    const last = args.at(-1);
    if (id !== undefined) {
      // An answer goes out once, and only to the connection that asked.
      let round = this._round;
      args.push((...answer: unknown[]) => {
        if (round && round === this._round) this._send({ type: ACK, id, data: answer });
        round = undefined;
      });
    } else if (this._pid && typeof last === "string") this._lastOffset = nextOffset(this._lastOffset, last);
    for (const listener of this._any) invoke(this, listener, [event, ...args]);
    this._fire(String(event), ...args);
  }

  /** Sends the first event of the queue, if that can be and is not under way. */
  private _drain(): void {
    const [first] = this._queue;
    if (!first || first._pending || !this.connected) return;
    first._pending = true;
    first._tries++;
    const ack = (...answer: [Error | null, ...unknown[]]) => {
      first._pending = false;
      if (!answer[0] || first._tries > (this._opts.retries as number)) {
        this._queue.shift();
        if (first.ack) invoke(undefined, first.ack, answer);
      }
      this._drain();
    };
    this._emit(first.data, { ...first.flags, _withError: true }, ack);
  }

  private _emit(data: unknown[], flags: Flags, ack?: AnyListener): void {
    const { io } = this;
    const { volatile, compress = true } = flags;
    const id = ack && this._nextId++;
    const packet: Packet = { type: EVENT, nsp: this.nsp, id, data, options: { compress } };
    const written = Object.assign(packet, { _frames: io._encoder.encode(packet) });
    const ready = this.connected && !io.engine?._hasPingExpired();
    if (ack) this._awaitAck(written, ack, flags);
    if (ready && !(volatile && !io.engine?.transport.writable)) this._sendEvent(written);
    else if (!volatile) this.sendBuffer.push(written);
  }

  private _sendEvent(packet: Written): void {
    for (const listener of this._anyOutgoing) invoke(this, listener, packet.data as unknown[]);
    this.io._send(packet, packet._frames);
  }

  private _awaitAck(packet: Written, call: AnyListener, { _withError, timeout = this._opts.ackTimeout }: Flags): void {
    const { opts } = this.io;
    const id = packet.id as number;
    const giveUp = () => {
      const index = this.sendBuffer.indexOf(packet);
      if (index >= 0) this.sendBuffer.splice(index, 1);
      settle(new Error("operation has timed out"));
    };
    const timer: Timer = timeout === undefined ? undefined : startTimer(opts, giveUp, timeout);
    const settle: PendingAck = (error, answer = []) => {
      stopTimer(opts, timer);
      delete this.acks[id];
      if (_withError || timeout !== undefined) invoke(this, call, [error, ...answer]);
      else if (!error) invoke(this, call, answer);
    };
    this.acks[id] = settle;
  }

  private _leave(reason: DisconnectReason): void {
    const wasActive = this.active;
    this.active = false;
    this._onClose(reason, this.io._describe());
    if (wasActive) this.io._release();
  }

  private _send(packet: Omit<Packet, "nsp">): void {
    this.io._send({ ...packet, nsp: this.nsp });
  }
}

const OLD_SERVER = "the server is of Socket.IO v2.x, and this client is not";
