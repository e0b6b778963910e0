// Bytes as text, for polling payloads and for those who force it on a WebSocket.

import type { Binary } from "./packet.js";

/** The bytes of what a user sends. */
export function bytesOf(data: Exclude<Binary, Blob>): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

export function toBase64(bytes: Uint8Array): string {
  let characters = "";
  // In pieces: a function takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) {
    characters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(characters);
}

/** The bytes, or nothing when the text is not padded base64: `atob` alone forgives what the protocol does not. */
export function fromBase64(text: string): ArrayBuffer | undefined {
  if (text.length % 4 || /[^\w+/=]|_|=[^=]|===/.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}
