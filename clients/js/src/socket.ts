// A socket is this client in one namespace: events in both directions, acknowledgements, and what is kept while there
// is no connection. The connection itself is the manager's.

import { type AnyListener, type DefaultEvents, Emitter, type EventArgs, type EventName, invoke } from "./events.js";
import type { Manager, ManagerCloseReason } from "./manager.js";
import { ACK, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT, type Frame, type Packet, RESERVED } from "./parser/packet.js";

/** What a client shows when it connects to a namespace. */
export type Auth = Record<string, unknown>;

/** The options of a socket. */
export interface SocketOptions {
  /** Sent with each CONNECT; a function is asked each time and gives it to its callback. */
  auth?: Auth | ((send: (auth: Auth) => void) => void);
  /** How long an acknowledgement may take, in milliseconds, if `timeout` does not say. Default: for ever. */
  ackTimeout?: number;
}

/** Why a socket was disconnected. */
export type DisconnectReason = ManagerCloseReason | "io server disconnect" | "io client disconnect";

/** The server, or the way to it, refused the connection; `data` is what a middleware of the server added. */
export interface ConnectError extends Error {
  data?: unknown;
}

/** The events of the socket itself. */
export interface SocketEvents {
  connect: () => void;
  connect_error: (error: ConnectError) => void;
  disconnect: (reason: DisconnectReason, description?: unknown) => void;
}

type AllButLast<A extends readonly unknown[]> = A extends readonly [...infer Head, infer Last]
  ? Last extends AnyListener
    ? Head
    : A
  : A;
type Answer<A extends readonly unknown[]> = A extends readonly [...unknown[], infer Last]
  ? Last extends (...answer: infer P) => unknown
    ? P extends [infer First, infer Second, ...unknown[]]
      ? [Error | null] extends [First]
        ? Second
        : First
      : P[0]
    : unknown
  : unknown;

/** A map of events whose acknowledgements have the error of a timeout in front. */
export type WithAckErrors<Events> = {
  [K in keyof Events]: Events[K] extends (...args: infer A) => infer R
    ? (...args: { [I in keyof A]: WithError<A[I]> }) => R
    : Events[K];
};
type WithError<T> = T extends (...answer: infer P) => infer R ? (error: Error | null, ...answer: P) => R : T;

interface PendingAck {
  call: AnyListener;
  /** The acknowledgement has an error in front, so it can be told that none will come. */
  withError: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

interface Buffered {
  id: number | undefined;
  frames: Frame[];
}

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
  /** Whether the socket is connected, or means to be when the connection is there. */
  active = false;
  /** Events that came before the answer to CONNECT; delivered before `connect`. */
  readonly receiveBuffer: Packet[] = [];
  /** Events that were emitted without a connection; sent before `connect`. */
  readonly sendBuffer: Buffered[] = [];

  readonly #opts: SocketOptions;
  readonly #acks = new Map<number, PendingAck>();
  #nextId = 0;
  #anyListeners: AnyListener[] = [];
  /** Counts connections, so that what was begun on one does not go on in the next. */
  #round = 0;
  /** Whether CONNECT has been sent, or its auth asked for: a second one would be a fault. */
  #asked = false;
  /** For the next emit only. */
  #flags: { timeout?: number; volatile?: boolean } = {};

  /** Made by `Manager.socket`. */
  constructor(io: Manager, nsp: string, opts: SocketOptions = {}) {
    super();
    this.io = io;
    this.nsp = nsp;
    this.auth = opts.auth;
    this.#opts = opts;
  }

  get disconnected(): boolean {
    return !this.connected;
  }

  /** Connects, unless that is done or under way. */
  connect(): this {
    if (this.active) return this;
    this.active = true;
    if (this.io._isOpen) this._onOpen();
    else if (!this.io._isReconnecting) this.io.open();
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
   * @throws Error when the name is the socket's own, and TypeError when an argument cannot be JSON.
   */
  emit<K extends EventName<Emit>>(event: K, ...args: EventArgs<object, Emit, K>): this {
    const { volatile, timeout = this.#opts.ackTimeout } = this.#flags;
    this.#flags = {};
    if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`);
    const data: unknown[] = [event, ...args];
    const last = data.at(-1);
    let id: number | undefined;
    if (typeof last === "function") {
      data.pop();
      id = this.#nextId++;
    }
    const frames = this.io._encode({ type: EVENT, nsp: this.nsp, id, data });
    if (id !== undefined) this.#awaitAck(id, last as AnyListener, timeout);
    const ready = this.connected && !this.io.engine?.isStale();
    if (ready && !(volatile && !this.io.engine?.transport.writable)) this.io._send(frames);
    else if (!volatile) this.sendBuffer.push({ id, frames });
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
      this.emit(event, ...([...args, Object.assign(answer, { withError: true })] as EventArgs<object, Emit, K>));
    });
  }

  /** Sends a `message` event. */
  send(...args: EventArgs<object, Emit, "message">): this {
    return this.emit("message" as EventName<Emit>, ...(args as EventArgs<object, Emit, EventName<Emit>>));
  }

  /** For the next emit: how long its acknowledgement may take, in milliseconds. */
  timeout(milliseconds: number): Socket<Listen, WithAckErrors<Emit>> {
    this.#flags.timeout = milliseconds;
    return this as unknown as Socket<Listen, WithAckErrors<Emit>>;
  }

  /** For the next emit: drop it rather than keep it when it cannot go out at once. */
  get volatile(): this {
    this.#flags.volatile = true;
    return this;
  }

  /** Adds a listener for every event that arrives, called with its name and arguments, before its own listeners. */
  onAny(listener: (event: string, ...args: never[]) => void): this {
    this.#anyListeners = [...this.#anyListeners, listener];
    return this;
  }

  /** Removes a listener of `onAny`, or all. */
  offAny(listener?: (event: string, ...args: never[]) => void): this {
    const index = this.#anyListeners.indexOf(listener as AnyListener);
    this.#anyListeners = listener ? this.#anyListeners.filter((_, at) => at !== index) : [];
    return this;
  }

  /** @internal The manager has a connection. */
  _onOpen(): void {
    if (!this.active || this.#asked) return;
    this.#asked = true;
    const round = ++this.#round;
    const send = (data?: Auth) => {
      // An auth function may answer when this connection is long gone.
      if (round === this.#round && this.active) this.#send({ type: CONNECT, data });
    };
    if (typeof this.auth === "function") this.auth(send);
    else send(this.auth);
  }

  /** @internal The manager could not connect. */
  _onError(error: Error): void {
    if (this.active && !this.connected) this.fire("connect_error", error);
  }

  /** @internal The manager's connection ended. */
  _onClose(reason: DisconnectReason, description?: unknown): void {
    this.#round++;
    this.#asked = false;
    this.receiveBuffer.length = 0;
    const wasConnected = this.connected;
    this.connected = false;
    this.id = undefined;
    if (wasConnected) this.fire("disconnect", reason, description);
    this.#failAcks();
  }

  /** @internal A packet of this namespace. */
  _onPacket(packet: Packet): void {
    if (!this.active) return;
    const data = packet.data as Record<string, unknown> | undefined;
    switch (packet.type) {
      case CONNECT:
        if (typeof data?.sid === "string") this.#onConnect(data.sid);
        else this.fire("connect_error", new Error("the server's answer has no sid: it speaks an older Socket.IO"));
        break;
      case EVENT:
        if (this.connected) this.#onEvent(packet);
        else this.receiveBuffer.push(packet);
        break;
      case ACK:
        this.#onAck(packet);
        break;
      case DISCONNECT:
        this.#leave("io server disconnect");
        break;
      case CONNECT_ERROR: {
        const message = typeof data === "object" ? data.message : data;
        this.#leave("io server disconnect");
        this.fire("connect_error", Object.assign(new Error(message as string), { data: data?.data }));
      }
    }
  }

  #onConnect(sid: string): void {
    if (this.connected) return;
    this.id = sid;
    this.connected = true;
    for (const packet of this.receiveBuffer.splice(0)) this.#onEvent(packet);
    for (const { frames } of this.sendBuffer.splice(0)) this.io._send(frames);
    this.fire("connect");
  }

  #onEvent({ id, data = [] }: Packet): void {
    const [event, ...args] = data as [string, ...unknown[]];
    if (event === undefined) return;
    if (id !== undefined) args.push(this.#answer(id));
    for (const listener of this.#anyListeners) invoke(listener, [event, ...args]);
    this.fire(String(event), ...args);
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

  #awaitAck(id: number, call: AnyListener & { withError?: boolean }, timeout?: number): void {
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            const index = this.sendBuffer.findIndex((buffered) => buffered.id === id);
            if (index >= 0) this.sendBuffer.splice(index, 1);
            this.#takeAck(id);
            invoke(call, [new Error("operation has timed out")]);
          }, timeout);
    this.#acks.set(id, { call, timer, withError: timeout !== undefined || !!call.withError });
  }

  #takeAck(id: number | undefined): PendingAck | undefined {
    const ack = this.#acks.get(id as number);
    clearTimeout(ack?.timer);
    this.#acks.delete(id as number);
    return ack;
  }

  #onAck({ id, data = [] }: Packet): void {
    const ack = this.#takeAck(id);
    if (ack) invoke(ack.call, [...(ack.withError ? [null] : []), ...(data as unknown[])]);
  }

  /** No answer will come to what was sent on a connection that is gone; what is only buffered still has its chance. */
  #failAcks(): void {
    for (const id of [...this.#acks.keys()]) {
      if (this.sendBuffer.some((buffered) => buffered.id === id)) continue;
      const ack = this.#takeAck(id);
      if (ack?.withError) invoke(ack.call, [new Error("socket has been disconnected")]);
    }
  }

  #leave(reason: DisconnectReason): void {
    const wasActive = this.active;
    this.active = false;
    this._onClose(reason);
    if (wasActive) this.io._release();
  }

  #send(packet: Omit<Packet, "nsp">): void {
    this.io._send(this.io._encode({ ...packet, nsp: this.nsp }));
  }
}
