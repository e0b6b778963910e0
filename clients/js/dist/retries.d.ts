import { type AnyListener } from "./events.js";
/** Sends an event; `done` is called with an error, or null and the answer. */
export type QueuedSend<Flags> = (args: unknown[], flags: Flags, done: AnyListener) => void;
/** Events in the order in which they are to arrive. */
export declare class RetryQueue<Flags> {
    #private;
    /** Sends only while `isReady`. */
    constructor(retries: number, isReady: () => boolean, send: QueuedSend<Flags>);
    get length(): number;
    /** Adds an event; a function at its end is called when it is acknowledged or given up. */
    add(args: unknown[], flags: Flags): void;
    /** Sends the first event, if that can be and is not under way. */
    drain(): void;
}
