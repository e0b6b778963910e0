import type { Packet } from "../engine/packet.js";
/** One way to reach the server. */
export interface Transport {
    /** Its name on the wire. */
    readonly name: string;
    /** Whether a packet given to `send` would go out at once. */
    readonly writable: boolean;
    /** Starts connecting; `link.opened` or `link.failed` follows. */
    open(): void;
    /** Sends packets in order; `link.drained` follows. Called only while `writable`. */
    send(packets: Packet[]): void;
    /** Ends it; `tell` is false when the server need not or cannot be told. The session listens no more by then. */
    close(tell: boolean): void;
    /** Stops reading and calls `done` when nothing is under way any more. Only for transports that can be upgraded. */
    pause?(done: () => void): void;
    /** Undoes `pause`. */
    resume?(): void;
}
/** What a transport is given, and whom it reports to. */
export interface Link extends LinkHandlers {
    readonly options: TransportOptions;
    /** The address for the next request, session id included. */
    url(scheme: "http" | "ws"): string;
}
/** What a transport reports. */
export interface LinkHandlers {
    /** Packets can be sent (a session still awaits its handshake). */
    opened(): void;
    packet(packet: Packet): void;
    /** What was given to `send` has been handed over. */
    drained(): void;
    /** The server closed it. */
    closed(details: CloseDetails): void;
    /** It broke; `message` is what a user sees in `connect_error`. */
    failed(message: string, description?: unknown): void;
}
/** How a transport was closed; `context` is the platform's event, if there is one. */
export interface CloseDetails {
    description: string;
    context?: unknown;
}
/** Makes a transport; see the option `transports`. */
export type TransportFactory = (link: Link) => Transport;
/** The options that transports read. */
export interface TransportOptions {
    /** Send cookies to other origins (browsers only). Default: false. */
    withCredentials?: boolean;
    /** Headers of each request. A browser sends them over polling only. */
    extraHeaders?: Record<string, string>;
    /**
     * The WebSocket to use; default: `globalThis.WebSocket`. Node 20 has none: give it that of the package `ws`.
     * Without one, the client stays on polling.
     */
    WebSocket?: WebSocketConstructor;
}
/** What is used of a WebSocket: both the browsers' and that of the package `ws` fit. */
export interface WebSocketLike {
    binaryType: string;
    onopen: ((event: never) => void) | null;
    onmessage: ((event: never) => void) | null;
    onclose: ((event: never) => void) | null;
    onerror: ((event: never) => void) | null;
    send(data: string | ArrayBuffer): void;
    close(): void;
}
/** A constructor of WebSockets; browsers ignore the third argument. */
export type WebSocketConstructor = new (url: string, protocols: string[], options: {
    headers: Record<string, string>;
}) => WebSocketLike;
