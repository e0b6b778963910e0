/** What a user may send as bytes. */
export type Binary = ArrayBuffer | ArrayBufferView | Blob;
/** Bytes that arrived: an ArrayBuffer, in Node a Buffer unless `binaryType` says otherwise. */
export type Bytes = ArrayBuffer | Uint8Array;
export declare function isBinary(value: unknown): value is Binary;
declare const TYPES: readonly ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
/** The packet types of the protocol, and what is none of them. */
export type PacketType = (typeof TYPES)[number] | "error";
/** What may be said of a packet that is sent. */
export interface WriteOptions {
    /** Whether to compress it where the transport can. Default: true. */
    compress?: boolean;
}
/** One packet; `data` is missing or empty where a type carries none. */
export interface EnginePacket {
    type: PacketType;
    data?: string | Binary | undefined;
    options?: WriteOptions | undefined;
}
/** Writes a packet that is not binary as text. */
export declare function encodePacket({ type, data }: EnginePacket): string;
/** Reads a text packet, `b<base64>` included where there is polling; an `error` with the whole text when it is none. */
export declare function decodePacket(text: string): EnginePacket;
export {};
