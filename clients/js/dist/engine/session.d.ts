import { Emitter } from "../events.js";
import { polling } from "../transports/polling.js";
import type { CloseDetails, Transport, TransportFactory, TransportOptions } from "../transports/transport.js";
import { websocket } from "../transports/websocket.js";
import type { Target } from "../url.js";
import type { Binary, Packet } from "./packet.js";
/** The options of a session. */
export interface SessionOptions extends TransportOptions {
    /** The HTTP path. Default: `/socket.io`. */
    path?: string;
    /** Query parameters of each request. */
    query?: Record<string, string>;
    /** Names, or transports of your own, in the order of their use. Default: `["polling", "websocket"]`. */
    transports?: (keyof typeof FACTORIES | TransportFactory)[];
    /** Whether to move to a better transport that the server offers. Default: true. */
    upgrade?: boolean;
}
/** Why a session ended. */
export type CloseReason = "transport error" | "transport close" | "forced close" | "ping timeout";
/** An error of a transport; `description` is what the platform said: a status, an event, another error. */
export interface TransportError extends Error {
    type: "TransportError";
    description?: unknown;
}
/** The events of a session. */
export interface SessionEvents {
    open: () => void;
    /** A packet arrived, of any type. */
    packet: (packet: Packet) => void;
    /** A packet was put into the send buffer. */
    packetCreate: (packet: Packet) => void;
    message: (data: string | ArrayBuffer) => void;
    ping: () => void;
    /** The send buffer is empty again. */
    drain: () => void;
    upgrade: (transport: Transport) => void;
    upgradeError: (error: TransportError) => void;
    error: (error: TransportError) => void;
    close: (reason: CloseReason, details?: CloseDetails | TransportError) => void;
}
declare const FACTORIES: {
    polling: typeof polling;
    websocket: typeof websocket;
};
export declare class Session extends Emitter<SessionEvents> {
    #private;
    /** The session id; a secret of client and server. */
    id: string | undefined;
    readyState: "opening" | "open" | "closing" | "closed";
    /** The transport in use. */
    transport: Transport;
    /** Whether the move to another transport has reached the point where nothing may be sent. */
    upgrading: boolean;
    /** Packets that are not handed over yet. */
    readonly writeBuffer: Packet[];
    /** Starts connecting; listeners that are added before the next task miss nothing. */
    constructor(target: Target, options: SessionOptions);
    /** Sends a message, now or as soon as the transport can. Ignored once closing. */
    send(data: string | Binary): this;
    /** Ends with `forced close`: after sending what is buffered and an upgrade that is half done, or, to `discard`, now. */
    close(discard?: boolean): this;
    /** Whether the server has been silent for too long, which a timer that sleeps with the machine cannot tell. */
    isStale(): boolean;
}
export declare function transportError(message: string, description?: unknown): TransportError;
export {};
