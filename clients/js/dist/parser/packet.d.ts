import type { Binary } from "../engine/packet.js";
/** The protocol's number, exported as `protocol`. */
export declare const protocol = 5;
export declare const CONNECT = 0;
export declare const DISCONNECT = 1;
export declare const EVENT = 2;
export declare const ACK = 3;
export declare const CONNECT_ERROR = 4;
/** Attachments that a packet may announce; the limit of the official parser. */
export declare const MAX_ATTACHMENTS = 10;
/** The names of a socket's own events, which neither side may send. */
export declare const RESERVED: string[];
/** A packet; one with attachments has the type of the same packet without. */
export interface Packet {
    type: number;
    nsp: string;
    id?: number | undefined;
    data?: unknown;
}
/** What goes over the wire for one packet: its text, then its attachments. */
export type Frames = [string, ...Binary[]];
/**
 * Writes a packet.
 * @throws TypeError when the data cannot be JSON (a cycle, a BigInt).
 */
export declare function encode({ type, nsp, id, data }: Packet): Frames;
/** Joins messages to packets. One per connection; it is useless after it has thrown. */
export declare class Decoder {
    #private;
    /**
     * Takes a message; gives a packet when that completes one.
     * @throws Error when the message cannot be part of a packet.
     */
    add(message: string | ArrayBuffer): Packet | undefined;
}
