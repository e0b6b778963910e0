import type { Goodbye } from "./engine/goodbye.js";
import type { SessionOptions } from "./engine/options.js";
import { type CloseReason, Session } from "./engine/session.js";
import { type DefaultEvents, Emitter } from "./events.js";
import type { Packet, Parser } from "./parser/packet.js";
import { Socket } from "./socket.js";
import type { SocketOptions } from "./socket-types.js";
import type { CloseDetails } from "./transports/transport.js";
/** The options of a manager; durations in milliseconds. */
export interface ManagerOptions extends SessionOptions {
    /** Do not share a connection; an option of `io`. Default: false. */
    forceNew?: boolean;
    /** Whether to share a connection with the other namespaces of that server; an option of `io`. Default: true. */
    multiplex?: boolean;
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
/** How a connection ended: an error, or what the transport says, and what the server said before. */
export type DisconnectDescription = (Error | CloseDetails) & {
    goodbye?: Goodbye;
};
/** The events of a manager. */
export interface ManagerEvents {
    open: () => void;
    /** An attempt to connect failed, or the connection broke. */
    error: (error: Error) => void;
    ping: () => void;
    packet: (packet: Packet) => void;
    close: (reason: ManagerCloseReason, description?: DisconnectDescription) => void;
    reconnect_attempt: (attempt: number) => void;
    reconnect_error: (error: Error) => void;
    reconnect_failed: () => void;
    reconnect: (attempt: number) => void;
}
export declare class Manager<Listen extends object = DefaultEvents, Emit extends object = Listen> extends Emitter<ManagerEvents> {
    readonly uri: string | undefined;
    readonly opts: ManagerOptions;
    /** The session in use, from the first attempt to connect on. */
    engine: Session | undefined;
    /** The sockets by namespace. */
    readonly nsps: Record<string, Socket>;
    private readonly _settings;
    private readonly _decoder;
    /** Delays that were waited since the last connection. */
    private _attempts;
    /** Set by `_close`, until the next `open`: the user does not want this connection. */
    private _skipReconnect;
    /** When the server wants us back, in milliseconds from the end of the connection. */
    private _comeBackAfter;
    /** That of the attempt under way, or of the wait for the next one. */
    private _timer;
    constructor(opts?: ManagerOptions);
    constructor(uri?: string | ManagerOptions, opts?: ManagerOptions);
    /** Connects, unless that is done or under way. `done` hears of this attempt only, and then nothing is retried. */
    open(done?: (error?: Error) => void): this;
    /** The same as `open`. */
    connect(done?: (error?: Error) => void): this;
    /** The socket of a namespace; made at the first call. */
    socket<L extends object = Listen, E extends object = Emit>(nsp: string, opts?: SocketOptions): Socket<L, E>;
    /** Whether to reconnect; with an argument: sets it. */
    reconnection(): boolean;
    reconnection(value: boolean): this;
    /** Attempts before giving up; with an argument: sets it. */
    reconnectionAttempts(): number;
    reconnectionAttempts(value: number): this;
    /** The first delay in milliseconds; with an argument: sets it. */
    reconnectionDelay(): number;
    reconnectionDelay(value: number): this;
    /** The longest delay in milliseconds; with an argument: sets it. */
    reconnectionDelayMax(): number;
    reconnectionDelayMax(value: number): this;
    /** The part by which a delay may be shorter or longer; with an argument: sets it. */
    randomizationFactor(): number;
    randomizationFactor(value: number): this;
    /** How long an attempt may take, in milliseconds; with an argument: sets it. */
    timeout(): number | false;
    timeout(value: number | false): this;
    private _setting;
    /** Ends what is under way: the time of an attempt and the listening to its session, or the wait for the next one. */
    private _stop;
    private _open;
    private _onClose;
    private _reconnect;
    private _onReconnect;
    private _tell;
}
