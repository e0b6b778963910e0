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

    const request = (url: string, body: string | undefined, onDone: (answer: string) => void, error: string) => {
      const { options, owner } = link;
      let timer: Timer;
      const failed = (details: FailureDetails) => {
        stopTimer(options, timer);
        // What fails while closing is only the farewell.
        if (state === "closed") return end();
        end();
        link.failed(error, details);
      };
      const cancel = requester({
        url,
        body,
        options,
        owner,
        limit: state === "idle" ? MAX_HANDSHAKE_BYTES : Number.POSITIVE_INFINITY,
        done(answer) {
          stopTimer(options, timer);
          onDone(answer);
        },
        failed,
      });
      if (options.requestTimeout) {
        timer = startTimer(
          options,
          () => {
            cancel();
            failed({ description: new Error("request timeout") });
          },
          options.requestTimeout,
        );
      }
      return () => {
        stopTimer(options, timer);
        cancel();
      };
    };

    const end = () => {
      state = "closed";
      reading?.();
      writing?.();
    };

    const checkPaused = () => {
      if (state !== "closed" && !reading && !writing) onPaused?.();
    };

    const onAnswer = (body: string) => {
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
        end();
        return link.failed("server error", { description: error, body });
      }
      reading = undefined;
      if (onPaused) checkPaused();
      else if (state === "open") read();
    };

    const read = () => {
      // In place before the request can report anything.
      reading = () => {};
      reading = request(link.url("http"), undefined, onAnswer, readError);
    };

    const write = (packets: EnginePacket[], done: () => void) => {
      let ended = false;
      // Before anything is awaited: a session that ends forgets its id.
      const url = link.url("http");
      writing = () => {
        ended = true;
      };
      encodePayload(packets).then(
        (body) => {
          if (!ended) writing = request(url, body, done, writeError);
        },
        // The bytes of a Blob that is gone.
        (error) => {
          if (ended) return;
          end();
          link.failed(writeError, { description: error });
        },
      );
    };

    return {
      name: "polling",
      get writable() {
        return state === "open" && !writing;
      },
      open: read,
      fit: (packets, maxPayload) => (maxPayload ? countFitting(packets, maxPayload) : packets.length),
      send(packets) {
        write(packets, () => {
          writing = undefined;
          if (state === "closed") return;
          link.drained();
          checkPaused();
        });
      },
      close(tell) {
        const wasOpen = state === "open" && !writing;
        state = "closed";
        // The parked GET goes only after the server has been told, else it would take the abort for a failure.
        if (tell && wasOpen) write([{ type: "close" }], end);
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
  };
}
