import { type Binary, type WriteOptions } from "../engine/packet.js";
import type { Link, TransportFactory, TransportOptions } from "./transport.js";
/** What is used of a WebSocket. */
export interface WebSocketLike {
    binaryType: string;
    onopen: ((event: never) => void) | null;
    onmessage: ((event: never) => void) | null;
    onclose: ((event: never) => void) | null;
    onerror: ((event: never) => void) | null;
    /** Whether it takes messages before it is open, which then go with its request. */
    readonly takesEarly?: boolean;
    send(data: string | Binary, options?: WriteOptions): void;
    close(): void;
}
/** The transport on a WebSocket that `create` makes. */
export declare function websocketBy(create: (url: string, options: TransportOptions, link: Link) => WebSocketLike): TransportFactory;
/** The platform's WebSocket. */
export declare const WebSocket: TransportFactory;
