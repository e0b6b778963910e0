// HTTP long polling (Engine.IO v4 § HTTP long-polling): one GET parked at the server for what it has to say, one POST
// at a time for what we have. How a request is made is the business of `fetch.ts`, `xhr.ts` and `node/request.ts`.

import type { EnginePacket } from "../engine/packet.js";
import { countFitting, decodePayload, encodePayload } from "../engine/payload.js";
import { startTimer, stopTimer, type Timer } from "../platform.js";
import {
  type FailureDetails,
  type Link,
  MAX_HANDSHAKE_BYTES,
  type Transport,
  type TransportFactory,
  type TransportOptions,
} from "./transport.js";

/** One request, and whom it reports to. */
export interface PollingRequest {
  url: string;
  /** What to POST; `undefined`: GET. */
  body: string | undefined;
  options: TransportOptions;
  /** See `Link`. */
  owner: object;
  /** Bytes that the answer may have. */
  limit: number;
  done(body: string): void;
  failed(details: FailureDetails): void;
}

/** Makes a request; gives what ends it early, after which nothing is reported. */
export type Requester = (request: PollingRequest) => () => void;

/** Polling by requests of one kind; `readError` and `writeError` are the messages of its failures. */
export function pollingBy(requester: Requester, readError: string, writeError: string): TransportFactory {
  return (link: Link): Transport => {
    let state: "idle" | "open" | "closed" = "idle";
    /** Ends the request that is under way, in each direction. */
    let reading: (() => void) | undefined;
    let writing: (() => void) | undefined;
    /** Set while paused; called once nothing is under way. */
    let onPaused: (() => void) | undefined;

    const fail = (message: string, details: FailureDetails) => {
      const wasClosed = state === "closed";
      state = "closed";
      reading?.();
      writing?.();
      // What fails while closing is only the farewell.
      if (!wasClosed) link.failed(message, details);
    };

    const request = (url: string, body: string | undefined, onDone: (answer: string) => void, error: string) => {
      const { options, owner } = link;
      const end = requester({
        url,
        body,
        options,
        owner,
        limit: state === "idle" ? MAX_HANDSHAKE_BYTES : Number.POSITIVE_INFINITY,
        done(answer) {
          stopTimer(options, timer);
          onDone(answer);
        },
        failed: (details) => fail(error, details),
      });
      const timeOut = () => fail(error, { description: new Error("timeout") });
      const { requestTimeout } = options;
      const timer: Timer = requestTimeout ? startTimer(options, timeOut, requestTimeout) : undefined;
      return () => {
        stopTimer(options, timer);
        end();
      };
    };

    const checkPaused = () => {
      if (state === "open" && !reading && !writing) onPaused?.();
    };

    const onAnswer = (body: string) => {
      for (const packet of decodePayload(body)) {
        if (state === "closed") return;
        if (state === "idle") {
          state = "open";
          link.opened();
        }
        link.packet(packet);
      }
      reading = undefined;
      if (onPaused) checkPaused();
      else if (state === "open") read();
    };

    const read = () => {
      reading = request(link.url("http"), undefined, onAnswer, readError);
    };

    const write = (packets: EnginePacket[], done: () => void) => {
      // Before anything is awaited: a session that ends forgets its id.
      const url = link.url("http");
      let ended = false;
      writing = () => {
        ended = true;
      };
      encodePayload(packets).then(
        (body) => {
          if (!ended) writing = request(url, body, done, writeError);
        },
        // The bytes of a Blob that is gone.
        (description) => ended || fail(writeError, { description }),
      );
    };

    return {
      name: "polling",
      get writable() {
        return state === "open" && !writing;
      },
      open: read,
      fit: countFitting,
      send(packets) {
        write(packets, () => {
          writing = undefined;
          if (state === "closed") return;
          link.drained();
          checkPaused();
        });
      },
      close(tell) {
        const wasWritable = this.writable;
        state = "closed";
        const end = () => reading?.();
        // The parked GET goes only after the server has been told, else it would take the abort for a failure.
        if (tell && wasWritable) write([{ type: "close" }], end);
        else fail("", {});
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
  };
}
