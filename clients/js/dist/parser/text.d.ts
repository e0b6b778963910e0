import type { Bytes } from "../engine/packet.js";
import { type Frame, type Packet, type PacketDecoder, type PacketEncoder } from "./packet.js";
/** Attachments that a packet may announce; the limit of the official parser. */
export declare const MAX_ATTACHMENTS = 10;
/** Writes packets. */
export declare class Encoder implements PacketEncoder {
    /**
     * The text, then the attachments.
     * @throws TypeError for a BigInt, RangeError for a cycle.
     */
    encode({ type, nsp, id, data }: Packet): Frame[];
}
/** Joins messages to packets. */
export declare class Decoder implements PacketDecoder {
    /** The packet whose attachments are awaited, if any, and where the next ones belong. */
    private _partial;
    private _places;
    private _decoded;
    on(_event: "decoded", listener: (packet: Packet) => void): void;
    /** Forgets a packet that is not complete. */
    destroy(): void;
    /**
     * Takes a message; calls the listener when that completes a packet.
     * @throws Error when the message cannot be part of a packet.
     */
    add(message: string | Bytes): void;
    private _read;
}
