import { type Binary } from "../engine/packet.js";
/** Writes a value as JSON, moving the bytes into `attachments`. */
export declare function takeBinary(value: unknown, attachments: Binary[]): string | undefined;
/** Where an attachment belongs: the object or array, and the key. */
export type Place = [holder: Record<string, unknown>, key: string];
/**
 * Reads JSON with a placeholder for each of `places`, which are empty and then filled.
 * @throws Error when it is not JSON, or when the placeholders are not each of those, once.
 */
export declare function awaitBinary(json: string, places: (Place | 0)[]): unknown;
