import { type AnyListener, type DefaultEvents, Emitter, type EventArgs, type EventName } from "./events.js";
import type { Manager, ManagerCloseReason } from "./manager.js";
import { type Frame, type Packet } from "./parser/packet.js";
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
type AllButLast<A extends readonly unknown[]> = A extends readonly [...infer Head, infer Last] ? Last extends AnyListener ? Head : A : A;
type Answer<A extends readonly unknown[]> = A extends readonly [...unknown[], infer Last] ? Last extends (...answer: infer P) => unknown ? P extends [infer First, infer Second, ...unknown[]] ? [Error | null] extends [First] ? Second : First : P[0] : unknown : unknown;
/** A map of events whose acknowledgements have the error of a timeout in front. */
export type WithAckErrors<Events> = {
    [K in keyof Events]: Events[K] extends (...args: infer A) => infer R ? (...args: {
        [I in keyof A]: WithError<A[I]>;
    }) => R : Events[K];
};
type WithError<T> = T extends (...answer: infer P) => infer R ? (error: Error | null, ...answer: P) => R : T;
interface Buffered {
    id: number | undefined;
    frames: Frame[];
}
export declare class Socket<Listen extends object = DefaultEvents, Emit extends object = Listen> extends Emitter<SocketEvents, Listen> {
    #private;
    readonly io: Manager;
    readonly nsp: string;
    /** Read at each connect, so it may be replaced. */
    auth: SocketOptions["auth"];
    /** The id that the server gave to this connection; `undefined` while there is none. */
    id: string | undefined;
    connected: boolean;
    /** Whether the socket is connected, or means to be when the connection is there. */
    active: boolean;
    /** Events that came before the answer to CONNECT; delivered before `connect`. */
    readonly receiveBuffer: Packet[];
    /** Events that were emitted without a connection; sent before `connect`. */
    readonly sendBuffer: Buffered[];
    /** Made by `Manager.socket`. */
    constructor(io: Manager, nsp: string, opts?: SocketOptions);
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
     * @throws Error when the name is the socket's own, and TypeError when an argument cannot be JSON.
     */
    emit<K extends EventName<Emit>>(event: K, ...args: EventArgs<object, Emit, K>): this;
    /** Sends an event; resolves with the answer, rejects when there will be none. */
    emitWithAck<K extends EventName<Emit>>(event: K, ...args: AllButLast<EventArgs<object, Emit, K>>): Promise<Answer<EventArgs<object, Emit, K>>>;
    /** Sends a `message` event. */
    send(...args: EventArgs<object, Emit, "message">): this;
    /** For the next emit: how long its acknowledgement may take, in milliseconds. */
    timeout(milliseconds: number): Socket<Listen, WithAckErrors<Emit>>;
    /** For the next emit: drop it rather than keep it when it cannot go out at once. */
    get volatile(): this;
    /** Adds a listener for every event that arrives, called with its name and arguments, before its own listeners. */
    onAny(listener: (event: string, ...args: never[]) => void): this;
    /** Removes a listener of `onAny`, or all. */
    offAny(listener?: (event: string, ...args: never[]) => void): this;
}
export {};
