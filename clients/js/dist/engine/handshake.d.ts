/** What the server says of a new session. */
export interface Handshake {
    sid: string;
    /** Transports that the session may move to. */
    upgrades: unknown[];
    /** Milliseconds between two pings of the server. */
    pingInterval: number;
    /** Milliseconds that a ping may be late. */
    pingTimeout: number;
    /** Bytes that a request body may have; 0 when the server sets no limit. */
    maxPayload: number;
}
/** The open packet's data, or nothing when a session cannot live on it. */
export declare function readHandshake(json: string): Handshake | undefined;
