/** What a user may send as bytes. */
export type Binary = ArrayBuffer | ArrayBufferView | Blob;
export declare function isBinary(value: unknown): value is Binary;
declare const TYPES: readonly ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
/** The packet types of the protocol. */
export type PacketType = (typeof TYPES)[number];
/** One packet; `data` is empty where a type carries none. */
export interface Packet {
    type: PacketType;
    data: string | Binary;
}
/** Writes a packet that is not binary as text. */
export declare function encodePacket(packet: Packet): string;
/**
 * Reads a text packet.
 * @throws Error when the first character is not a type.
 */
export declare function decodePacket(text: string): Packet;
export {};
