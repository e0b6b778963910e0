// HTTP long polling (Engine.IO v4 § HTTP long-polling): one GET parked at the server for what it has to say, one POST
// at a time for what we have. Fetch, because it can be aborted and is there in browsers, workers and Node alike.

import type { Packet } from "../engine/packet.js";
import { decodePayload, encodePayload } from "../engine/payload.js";
import type { Link, Transport } from "./transport.js";

/** Bytes that the first response may have: a handshake, and what the server says at once. */
const MAX_HANDSHAKE_BYTES = 1_000_000;

export function polling(link: Link): Transport {
  // Aborting it is how requests that are under way end with the transport.
  const abort = new AbortController();
  let state: "idle" | "open" | "closed" = "idle";
  let reading = false;
  let writing = false;
  /** Set while paused; called once nothing is under way. */
  let onPaused: (() => void) | undefined;

  const request = async (packets?: Packet[]): Promise<string> => {
    // Before anything is awaited: a session that ends forgets its id.
    const url = link.url("http");
    const body = packets && (await encodePayload(packets));
    const response = await fetch(url, {
      method: packets ? "POST" : "GET",
      body: body ?? null,
      cache: "no-store",
      credentials: link.options.withCredentials ? "include" : "same-origin",
      headers: {
        ...(packets && { "content-type": "text/plain;charset=UTF-8" }),
        ...link.options.extraHeaders,
      },
      signal: abort.signal,
    });
    if (!response.ok) throw response.status;
    return state === "idle" ? readBounded(response) : response.text();
  };

  const fail = (message: string, description: unknown) => {
    if (state === "closed") return;
    end();
    link.failed(message, description);
  };

  const end = () => {
    state = "closed";
    abort.abort();
  };

  const checkPaused = () => {
    if (state !== "closed" && !reading && !writing) onPaused?.();
  };

  const read = () => {
    reading = true;
    request().then(
      (body) => {
        try {
          for (const packet of decodePayload(body)) {
            if (state === "closed") return;
            if (state === "idle") {
              state = "open";
              link.opened();
            }
            link.packet(packet);
          }
        } catch (error) {
          return fail("server error", error);
        }
        reading = false;
        if (onPaused) checkPaused();
        else if (state === "open") read();
      },
      (error) => fail("fetch read error", error),
    );
  };

  return {
    name: "polling",
    get writable() {
      return state === "open" && !writing;
    },
    open: read,
    send(packets) {
      writing = true;
      request(packets).then(
        () => {
          writing = false;
          if (state === "closed") return;
          link.drained();
          checkPaused();
        },
        (error) => fail("fetch write error", error),
      );
    },
    close(tell) {
      state = "closed";
      // The parked GET goes only after the server has been told, else it would take the abort for a failure.
      if (tell) request([{ type: "close", data: "" }]).then(end, end);
      else end();
    },
    pause(done) {
      onPaused = done;
      checkPaused();
    },
    resume() {
      onPaused = undefined;
      if (state === "open" && !reading) read();
    },
  };
}

/** The text of a response from someone who has not shown yet that he is a server of ours. */
async function readBounded(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let left = MAX_HANDSHAKE_BYTES;
  for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
    left -= chunk.value.length;
    if (left < 0) throw new Error("handshake too long");
    text += decoder.decode(chunk.value, { stream: true });
  }
  return text;
}
