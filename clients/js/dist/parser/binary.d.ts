import { type Binary, type Bytes } from "../engine/packet.js";
/** JSON with placeholders, and the bytes that they stand for. */
export interface Taken {
    json: string | undefined;
    attachments: Binary[];
}
/** Writes a value as JSON, taking the bytes out. */
export declare function takeBinary(value: unknown): Taken;
/** A value whose bytes are still to come. */
export interface Awaiting {
    data: unknown;
    /** Puts the bytes into their places. */
    fill(attachments: Bytes[]): void;
}
/**
 * Reads JSON whose placeholders stand for `count` attachments.
 * @throws Error when it is not JSON, or when the placeholders are not each of 0..count, once.
 */
export declare function awaitBinary(json: string, count: number): Awaiting;
