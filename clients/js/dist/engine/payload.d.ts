import { type Packet } from "./packet.js";
/** Writes packets as one request body. Asynchronous because the bytes of a `Blob` are. */
export declare function encodePayload(packets: Packet[]): Promise<string>;
/**
 * Reads a response body, packet by packet: those before a bad one are still handed out.
 * @throws Error at the first packet that is not one.
 */
export declare function decodePayload(body: string): Generator<Packet>;
/** How many of the packets fit into one body of `maxBytes`: at least one, which goes alone if it is too large. */
export declare function countFitting(packets: Packet[], maxBytes: number): number;
