// How long to wait before the next attempt to reconnect. No timer in here: only the number.
// The jitter is applied after the cap. The other way round, every client that has been waiting for a while waits
// exactly the cap, and all of them return to a restarted server in the same instant.

/** Growing, jittered delays. */
export class Backoff {
  /** Delays handed out since the last reset. */
  attempts = 0;
  readonly #min: number;
  readonly #max: number;
  readonly #jitter: number;

  /** `min` and `max` in milliseconds; `jitter` from 0 to 1, the part by which a delay may be shorter or longer. */
  constructor(min: number, max: number, jitter: number) {
    this.#min = min;
    this.#max = max;
    this.#jitter = jitter;
  }

  /** The next delay in milliseconds: `min(min · 2ⁿ, max)`, made up to `jitter` shorter or longer. */
  duration(): number {
    const delay = Math.min(this.#min * 2 ** Math.min(this.attempts++, 30), this.#max);
    return Math.round(delay * (1 + this.#jitter * (2 * Math.random() - 1)));
  }

  /** Starts again from `min`. */
  reset(): void {
    this.attempts = 0;
  }
}
