import { type EnginePacket } from "./packet.js";
/** Writes packets as one request body. Asynchronous because the bytes of a `Blob` are. */
export declare function encodePayload(packets: EnginePacket[]): Promise<string>;
/** Reads a response body. */
export declare function decodePayload(body: string): EnginePacket[];
/** How many of the packets fit into one body of `maxBytes`: at least one, which goes alone if it is too large. */
export declare function countFitting(packets: EnginePacket[], maxBytes: number): number;
