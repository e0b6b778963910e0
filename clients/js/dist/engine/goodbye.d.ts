/** What the server said before it ended the connection. */
export interface Goodbye {
    reason?: string;
    /** Milliseconds that the first attempt to reconnect waits; at most an hour. */
    reconnectAfter?: number;
}
/** Reads the data of a noop; nothing when that is no goodbye. What is wrong in it is left out. */
export declare function readGoodbye(json: string): Goodbye | undefined;
