// Polling payloads (Engine.IO v4 § Payload encoding): packets joined by U+001E, binary ones as `b<base64>`.
// Sizes are those of the request body in UTF-8 bytes, for that is what the server's `maxPayload` counts.

import { bytesOf, toBase64 } from "./base64.js";
import { decodePacket, type EnginePacket, encodePacket } from "./packet.js";

const SEPARATOR = "\x1e";

/** Writes packets as one request body. Asynchronous because the bytes of a `Blob` are. */
export async function encodePayload(packets: EnginePacket[]): Promise<string> {
  const texts = packets.map(async (packet) => {
    const { data } = packet;
    if (!data || typeof data === "string") return encodePacket(packet);
    return `b${toBase64("size" in data ? new Uint8Array(await data.arrayBuffer()) : bytesOf(data))}`;
  });
  return (await Promise.all(texts)).join(SEPARATOR);
}

/** Reads a response body. */
export function decodePayload(body: string): EnginePacket[] {
  return body.split(SEPARATOR).map(decodePacket);
}

/** How many of the packets fit into one body of `maxBytes`: at least one, which goes alone if it is too large. */
export function countFitting(packets: EnginePacket[], maxBytes: number): number {
  let bytes = -1;
  const tooMany = packets.findIndex(({ data = "" }) => {
    bytes +=
      2 +
      (typeof data === "string" ? utf8Length(data) : 4 * Math.ceil(("size" in data ? data.size : data.byteLength) / 3));
    return bytes > maxBytes;
  });
  return tooMany < 0 ? packets.length : tooMany || 1;
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
