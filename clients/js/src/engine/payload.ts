// Polling payloads (Engine.IO v4 § Payload encoding): packets joined by U+001E, binary ones as `b<base64>`.
// Sizes are those of the request body in UTF-8 bytes, for that is what the server's `maxPayload` counts.

import { type Binary, decodePacket, encodePacket, type Packet } from "./packet.js";

const SEPARATOR = "\x1e";

/** Writes packets as one request body. Asynchronous because the bytes of a `Blob` are. */
export async function encodePayload(packets: Packet[]): Promise<string> {
  const texts = packets.map(async (packet) =>
    typeof packet.data === "string" ? encodePacket(packet) : `b${toBase64(await bytesOf(packet.data))}`,
  );
  return (await Promise.all(texts)).join(SEPARATOR);
}

/**
 * Reads a response body, packet by packet: those before a bad one are still handed out.
 * @throws Error at the first packet that is not one.
 */
export function* decodePayload(body: string): Generator<Packet> {
  for (const text of body.split(SEPARATOR)) {
    yield text[0] === "b" ? { type: "message", data: fromBase64(text.slice(1)) } : decodePacket(text);
  }
}

/** How many of the packets fit into one body of `maxBytes`: at least one, which goes alone if it is too large. */
export function countFitting(packets: Packet[], maxBytes: number): number {
  let bytes = -1;
  const tooMany = packets.findIndex(({ data }) => {
    bytes += 2 + (typeof data === "string" ? utf8.encode(data).length : 4 * Math.ceil(sizeOf(data) / 3));
    return bytes > maxBytes;
  });
  return tooMany < 0 ? packets.length : tooMany || 1;
}

const utf8 = new TextEncoder();

function sizeOf(data: Binary): number {
  return "size" in data ? data.size : data.byteLength;
}

async function bytesOf(data: Binary): Promise<Uint8Array> {
  if ("size" in data) return new Uint8Array(await data.arrayBuffer());
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

function toBase64(bytes: Uint8Array): string {
  let characters = "";
  // In pieces: a function takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) {
    characters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(characters);
}

// `atob` forgives white space and missing padding; the protocol does not.
function fromBase64(text: string): ArrayBuffer {
  if (text.length % 4 || /[^\w+/=]|_/.test(text)) throw new Error("bad base64");
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}
