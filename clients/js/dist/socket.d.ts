import { type DefaultEvents, Emitter, type EventArgs, type EventName } from "./events.js";
import type { Manager } from "./manager.js";
import { type Frame, type Packet } from "./parser/packet.js";
import type { AllButLast, Answer, DecorateAcknowledgements, SocketEvents, SocketOptions } from "./socket-types.js";
/** An event that awaits its answer: call it with the answer, or with the reason why there will be none. */
export type PendingAck = (error: Error | null, answer?: readonly unknown[]) => void;
/** An event, written already. */
interface Written extends Packet {
    _frames: Frame[];
}
/** A listener for events of any name. */
export type CatchAll = (event: string, ...args: never[]) => void;
export declare class Socket<Listen extends object = DefaultEvents, Emit extends object = Listen> extends Emitter<SocketEvents, Listen> {
    readonly io: Manager;
    readonly nsp: string;
    /** Read at each connect, so it may be replaced. */
    auth: SocketOptions["auth"];
    /** The id that the server gave to this connection; `undefined` while there is none. */
    id: string | undefined;
    connected: boolean;
    /** Whether the server took this connection for the last one gone on: nothing was missed, rooms and id are as before. */
    recovered: boolean;
    /** Whether the socket is connected, or means to be when the connection is there. */
    active: boolean;
    /** Events that came before the answer to CONNECT; delivered before `connect`. */
    readonly receiveBuffer: Packet[];
    /** Events that were emitted without a connection; sent before `connect`. */
    readonly sendBuffer: Written[];
    /** What awaits an answer, by the id of the event. */
    readonly acks: Record<number, PendingAck>;
    private readonly _opts;
    private _nextId;
    private _any;
    private _anyOutgoing;
    /**
     * Stands for one connection, from the request for it on (a second one would be a fault) to its end: what was begun on one
     * does not go on in the next.
     */
    private _round;
    /** For the next emit only. */
    private _flags;
    /** Made by `Manager.socket`. */
    constructor(io: Manager<never, never> | Manager, nsp: string, opts?: SocketOptions);
    get disconnected(): boolean;
    /** Connects, unless that is done or under way. */
    connect(): this;
    /** The same as `connect`. */
    open(): this;
    /** Leaves the namespace; the connection ends with its last socket. */
    disconnect(): this;
    /** The same as `disconnect`. */
    close(): this;
    /**
     * Sends an event, or keeps it until there is a connection. A function at the end is called with the answer;
     * after `timeout` it has an error, or null, in front.
     * @throws Error when the name is the socket's own, and what the parser throws when an argument cannot be written.
     */
    emit<K extends EventName<Emit>>(event: K, ...args: EventArgs<object, Emit, K>): this;
    /** Sends an event; resolves with the answer, rejects when there will be none. */
    emitWithAck<K extends EventName<Emit>>(event: K, ...args: AllButLast<EventArgs<object, Emit, K>>): Promise<Answer<EventArgs<object, Emit, K>>>;
    /** Sends a `message` event. */
    send(...args: EventArgs<object, Emit, "message">): this;
    /** For the next emit: how long its acknowledgement may take, in milliseconds. */
    timeout(milliseconds: number): Socket<Listen, DecorateAcknowledgements<Emit>>;
    /** For the next emit: drop it rather than keep it when it cannot go out at once. */
    get volatile(): this;
    /** For the next emit: whether to compress it where the transport can. */
    compress(compress: boolean): this;
    /** Adds a listener for every event that arrives, called with its name and arguments, before its own listeners. */
    onAny(listener: CatchAll): this;
    /** The same, before all others. */
    prependAny(listener: CatchAll): this;
    /** Removes a listener of `onAny`, or all. */
    offAny(listener?: CatchAll): this;
    /** The listeners of `onAny`. */
    listenersAny(): CatchAll[];
    /** Adds a listener for every event that is sent, called with its name and arguments when that goes out. */
    onAnyOutgoing(listener: CatchAll): this;
    /** The same, before all others. */
    prependAnyOutgoing(listener: CatchAll): this;
    /** Removes a listener of `onAnyOutgoing`, or all. */
    offAnyOutgoing(listener?: CatchAll): this;
    /** The listeners of `onAnyOutgoing`. */
    listenersAnyOutgoing(): CatchAll[];
    private _onConnect;
    private _onEvent;
    /** Sends the first event of the queue, if that can be and is not under way. */
    private _drain;
    private _emit;
    private _sendEvent;
    private _awaitAck;
    private _leave;
    private _send;
}
export {};
