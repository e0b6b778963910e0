import type { AnyListener } from "./events.js";
import type { DisconnectDescription, ManagerCloseReason } from "./manager.js";
/** What a client shows when it connects to a namespace. */
export type Auth = Record<string, unknown>;
/** The options of a socket. */
export interface SocketOptions {
    /** Sent with each CONNECT; a function is asked each time and gives it to its callback. */
    auth?: Auth | ((send: (auth: Auth) => void) => void);
    /** How often an event is sent again while nobody acknowledges it; with it, events go one at a time. Default: not. */
    retries?: number;
    /** How long an acknowledgement may take, in milliseconds, if `timeout` does not say. Default: for ever. */
    ackTimeout?: number;
}
/** Why a socket was disconnected. */
export type DisconnectReason = ManagerCloseReason | "io server disconnect" | "io client disconnect";
/** The server, or the way to it, refused the connection. */
export interface ConnectError extends Error {
    /** What a middleware of the server added. */
    data?: unknown;
    /** `TransportError` when it was the way to it; then the rest is what the platform said. */
    type?: string;
    description?: unknown;
    context?: unknown;
    /** The HTTP status of the answer. */
    status?: number;
    /** The beginning of the answer's body. */
    body?: string;
}
/** The events of the socket itself. */
export interface SocketEvents {
    connect: () => void;
    connect_error: (error: ConnectError) => void;
    disconnect: (reason: DisconnectReason, description?: DisconnectDescription) => void;
}
/** The arguments before the acknowledgement. */
export type AllButLast<A extends readonly unknown[]> = A extends readonly [...infer Head, infer Last] ? Last extends AnyListener ? Head : A : A;
/** What an acknowledgement says, without the error of a timeout. */
export type Answer<A extends readonly unknown[]> = A extends readonly [...unknown[], infer Last] ? Last extends (...answer: infer P) => unknown ? P extends [infer First, infer Second, ...unknown[]] ? [Error | null] extends [First] ? Second : First : P[0] : unknown : unknown;
/** A map of events whose acknowledgements have the error of a timeout in front. */
export type DecorateAcknowledgements<Events> = {
    [K in keyof Events]: Events[K] extends (...args: infer A) => infer R ? (...args: {
        [I in keyof A]: WithError<A[I]>;
    }) => R : Events[K];
};
type WithError<T> = T extends (...answer: infer P) => infer R ? (error: Error | null, ...answer: P) => R : T;
export {};
