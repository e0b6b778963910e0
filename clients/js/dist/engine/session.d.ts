import { Emitter } from "../events.js";
import type { CloseDetails, Transport } from "../transports/transport.js";
import { type TransportError } from "./error.js";
import { type Goodbye } from "./goodbye.js";
import { type Handshake } from "./handshake.js";
import { type SessionOptions } from "./options.js";
import type { Binary, Bytes, EnginePacket, WriteOptions } from "./packet.js";
/** Why a session ended. */
export type CloseReason = "transport error" | "transport close" | "forced close" | "ping timeout";
/** The events of a session. */
export interface SessionEvents {
    open: () => void;
    handshake: (handshake: Handshake) => void;
    /** A packet arrived, of any type. */
    packet: (packet: EnginePacket) => void;
    /** A packet was put into the send buffer. */
    packetCreate: (packet: EnginePacket) => void;
    data: (data: string | Bytes) => void;
    message: (data: string | Bytes) => void;
    heartbeat: () => void;
    ping: () => void;
    pong: () => void;
    /** Packets were given to the transport. */
    flush: () => void;
    /** The send buffer is empty again. */
    drain: () => void;
    /** A better transport answered. */
    upgrading: (transport: Transport) => void;
    upgrade: (transport: Transport) => void;
    upgradeError: (error: TransportError) => void;
    error: (error: TransportError) => void;
    close: (reason: CloseReason, details?: CloseDetails | TransportError) => void;
}
/** What the owner of a session does at its events, before all listeners. */
export type SessionHooks = Partial<SessionEvents>;
export declare class Session extends Emitter<SessionEvents> {
    static readonly protocol = 4;
    /** Whether the last session that tried could move to a WebSocket. */
    static priorWebsocketSuccess: boolean;
    /** The session id; a secret of client and server. */
    id: string | undefined;
    readyState: "opening" | "open" | "closing" | "closed";
    /** The transport in use. */
    transport: Transport;
    /** Whether the move to another transport has reached the point where nothing may be sent. */
    upgrading: boolean;
    /** Packets that are not handed over yet. */
    readonly writeBuffer: EnginePacket[];
    /** What bytes that arrive are: `arraybuffer`, or in Node `nodebuffer`. */
    binaryType: "arraybuffer" | "nodebuffer";
    /** What the server said of the end that is coming. */
    goodbye: Goodbye | undefined;
    readonly opts: SessionOptions;
    readonly hostname: string;
    /** Always written, even if it is the usual one. */
    readonly port: string;
    readonly secure: boolean;
    /** The query of the address. */
    readonly query: Record<string, string>;
    /** Scheme, host and port. */
    private readonly _server;
    /** How many packets of the buffer the transport has been given. */
    private _inFlight;
    private _maxPayload;
    private _pingDelay;
    private _pingTimer;
    /** Starts connecting; listeners that are added before the next task miss nothing. */
    constructor(uri?: string, options?: SessionOptions, hooks?: SessionHooks);
    /** Sends a message, now or as soon as the transport can. Ignored once closing. `sent` is called when it is under way. */
    send(data: string | Binary, options?: WriteOptions, sent?: () => void): this;
    /** The same as `send`. */
    write(data: string | Binary, options?: WriteOptions, sent?: () => void): this;
    /** Calls the listeners of an event. */
    emit(event: keyof SessionEvents, ...args: unknown[]): this;
    /** Ends with `forced close`: after sending what is buffered and an upgrade that is half done, or, to `discard`, now. */
    close(discard?: boolean): this;
    private _open;
    private _onPacket;
    private _onHandshake;
    private _watchPing;
    private _write;
    private _onDrained;
    private _fail;
    private _end;
}
