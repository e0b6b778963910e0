// The queue of those who set the option `retries`: one event is under way at a time, sent again until the server has
// acknowledged it or the tries are used up. So the order is kept and nothing is lost; an event may arrive twice.

import { type AnyListener, invoke } from "./events.js";

interface Queued<Flags> {
  args: unknown[];
  flags: Flags;
  tries: number;
  /** Sent, and neither acknowledged nor given up. */
  pending: boolean;
}

/** Sends an event; `done` is called with an error, or null and the answer. */
export type QueuedSend<Flags> = (args: unknown[], flags: Flags, done: AnyListener) => void;

/** Events in the order in which they are to arrive. */
export class RetryQueue<Flags> {
  readonly #queued: Queued<Flags>[] = [];
  readonly #retries: number;
  readonly #isReady: () => boolean;
  readonly #send: QueuedSend<Flags>;

  /** Sends only while `isReady`. */
  constructor(retries: number, isReady: () => boolean, send: QueuedSend<Flags>) {
    this.#retries = retries;
    this.#isReady = isReady;
    this.#send = send;
  }

  get length(): number {
    return this.#queued.length;
  }

  /** Adds an event; a function at its end is called when it is acknowledged or given up. */
  add(args: unknown[], flags: Flags): void {
    this.#queued.push({ args, flags, tries: 0, pending: false });
    this.drain();
  }

  /** Sends the first event, if that can be and is not under way. */
  drain(): void {
    const [first] = this.#queued;
    if (!first || first.pending || !this.#isReady()) return;
    first.pending = true;
    first.tries++;
    const args = [...first.args];
    const ack = typeof args.at(-1) === "function" ? (args.pop() as AnyListener) : undefined;
    this.#send(args, first.flags, (...[error, ...answer]: unknown[]) => {
      first.pending = false;
      if (!error || first.tries > this.#retries) {
        this.#queued.shift();
        if (ack) invoke(undefined, ack, [error, ...answer]);
      }
      this.drain();
    });
  }
}
