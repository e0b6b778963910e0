import type { Binary } from "./packet.js";
/** The bytes of what a user sends. */
export declare function bytesOf(data: Exclude<Binary, Blob>): Uint8Array;
export declare function toBase64(bytes: Uint8Array): string;
/** The bytes, or nothing when the text is not padded base64: `atob` alone forgives what the protocol does not. */
export declare function fromBase64(text: string): ArrayBuffer | undefined;
