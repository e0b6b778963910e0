// Bytes as text, for polling payloads and for those who force it on a WebSocket.

import { type Binary, INVALID } from "./packet.js";

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

/** @throws Error when the text is not padded base64: `atob` forgives what the protocol does not. */
export function fromBase64(text: string): ArrayBuffer {
  if (text.length % 4 || /[^\w+/=]|_/.test(text)) throw new Error(INVALID);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return bytes.buffer;
}
