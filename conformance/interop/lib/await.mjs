//! Waiting for something that must happen, with a limit, and never for time to pass.

/** How long anything may take before the scenario fails, in milliseconds. */
export const LIMIT_MS = 10_000;

/**
 * The promise's outcome, or an error that names `what` when it takes longer than `limit` milliseconds.
 *
 * @template T
 * @param {string} what
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export async function within(what, promise, limit = LIMIT_MS) {
  let timer;
  const expired = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limit} ms for ${what}`)), limit);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** The arguments of the emitter's next `event`. Works for Node's and for the client's emitters. */
export function once(emitter, event, limit = LIMIT_MS) {
  const happened = new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));
  return within(`the event "${event}"`, happened, limit);
}

/**
 * Asks again until the answer holds: for states that nobody announces, such as a port that begins to accept.
 *
 * @param {string} what
 * @param {() => Promise<boolean>} holds
 */
export async function until(what, holds, limit = LIMIT_MS) {
  const end = performance.now() + limit;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${limit} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
