/** What the server says of a new session. */
export interface Handshake {
    sid: string;
    /** Transports that the session may move to; as the server says it, so perhaps no list. */
    upgrades: unknown;
    /** Milliseconds between two pings of the server. */
    pingInterval: number;
    /** Milliseconds that a ping may be late. */
    pingTimeout: number;
    /** Bytes that a request body may have; no limit if it is missing or 0. */
    maxPayload: number;
}
/** The open packet's data, or nothing when a session cannot live on it. */
export declare function readHandshake(json: string): Handshake | undefined;
