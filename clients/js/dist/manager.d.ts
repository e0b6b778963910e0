import { type CloseReason, Session, type SessionOptions } from "./engine/session.js";
import { Emitter } from "./events.js";
import type { Packet, Parser } from "./parser/packet.js";
import { Socket, type SocketOptions } from "./socket.js";
/** The options of a manager; durations in milliseconds. */
export interface ManagerOptions extends SessionOptions {
    /** Whether to reconnect. Default: true. */
    reconnection?: boolean;
    /** Attempts before giving up. Default: no end. */
    reconnectionAttempts?: number;
    /** The delay before the first attempt, doubled for each further one. Default: 1000. */
    reconnectionDelay?: number;
    /** The longest delay, before the randomization. Default: 5000. */
    reconnectionDelayMax?: number;
    /** The part by which a delay may be shorter or longer. Default: 0.5. */
    randomizationFactor?: number;
    /** How long one attempt to connect may take; `false`: for ever. Default: 20000. */
    timeout?: number | false;
    /** Whether to connect at once. Default: true. */
    autoConnect?: boolean;
    /** How packets are written and read; the server must have the same. Default: as text, with binary attachments. */
    parser?: Parser;
}
/** Why a connection ended. */
export type ManagerCloseReason = CloseReason | "parse error";
/** The events of a manager. */
export interface ManagerEvents {
    open: () => void;
    /** An attempt to connect failed, or the connection broke. */
    error: (error: Error) => void;
    ping: () => void;
    packet: (packet: Packet) => void;
    close: (reason: ManagerCloseReason, description?: unknown) => void;
    reconnect_attempt: (attempt: number) => void;
    reconnect_error: (error: Error) => void;
    reconnect_failed: () => void;
    reconnect: (attempt: number) => void;
}
export declare class Manager extends Emitter<ManagerEvents> {
    #private;
    readonly opts: ManagerOptions;
    /** The session in use, from the first attempt to connect on. */
    engine: Session | undefined;
    /** The sockets by namespace. */
    readonly nsps: Map<string, Socket<import("./events.js").DefaultEvents, import("./events.js").DefaultEvents>>;
    constructor(opts?: ManagerOptions);
    constructor(uri?: string, opts?: ManagerOptions);
    /** Connects, unless that is done or under way. `done` hears of this attempt only, and then nothing is retried. */
    open(done?: (error?: Error) => void): this;
    /** The same as `open`. */
    connect(done?: (error?: Error) => void): this;
    /** The socket of a namespace; made at the first call. */
    socket(nsp: string, opts?: SocketOptions): Socket;
}
