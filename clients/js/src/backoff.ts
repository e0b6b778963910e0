// How long to wait before the next attempt to reconnect. No timer in here: only the number.
// The jitter is applied after the cap. The other way round, every client that has been waiting for a while waits
// exactly the cap, and all of them return to a restarted server in the same instant.

/** What delays are made of; an application may change it at any time. */
export interface BackoffSettings {
  /** The first delay in milliseconds. */
  reconnectionDelay: number;
  /** The longest delay in milliseconds, before the jitter. */
  reconnectionDelayMax: number;
  /** The part by which a delay may be shorter or longer, from 0 to 1. */
  randomizationFactor: number;
}

/** The delay in milliseconds before attempt `attempt`, counted from 0: `min(first · 2ⁿ, max)`, shorter or longer. */
export function backoff(settings: BackoffSettings, attempt: number): number {
  const delay = Math.min(settings.reconnectionDelay * 2 ** Math.min(attempt, 30), settings.reconnectionDelayMax);
  return Math.round(delay * (1 + settings.randomizationFactor * (2 * Math.random() - 1)));
}

/** The delay for those whom the server asked to come back after so many milliseconds: not before, and not all at once. */
export function backoffAfter(settings: BackoffSettings, after: number): number {
  return Math.round(after + Math.random() * Math.max(after / 2, settings.reconnectionDelay));
}
