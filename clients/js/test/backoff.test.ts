import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { type BackoffSettings, backoff, backoffAfter } from "../src/backoff.js";

const USUAL: BackoffSettings = { reconnectionDelay: 1000, reconnectionDelayMax: 5000, randomizationFactor: 0.5 };

function withRandom<T>(random: number, run: () => T): T {
  const seam = mock.method(Math, "random", () => random);
  try {
    return run();
  } finally {
    seam.mock.restore();
  }
}

function delays(random: number, count: number, settings = USUAL): number[] {
  return withRandom(random, () => Array.from({ length: count }, (_, attempt) => backoff(settings, attempt)));
}

test("delays double up to the cap", () => {
  assert.deepEqual(delays(0.5, 5), [1000, 2000, 4000, 5000, 5000]);
});

test("jitter is applied after the cap, so late attempts still differ", () => {
  assert.deepEqual(delays(0, 5), [500, 1000, 2000, 2500, 2500]);
  assert.deepEqual(delays(0.999999, 5), [1500, 3000, 6000, 7500, 7500]);
});

test("no jitter gives the bare numbers", () => {
  assert.deepEqual(delays(0.1, 4, { ...USUAL, randomizationFactor: 0 }), [1000, 2000, 4000, 5000]);
});

test("attempts without end stay at the cap", () => {
  assert.equal(backoff({ ...USUAL, reconnectionDelay: 0 }, 5000), 0);
  assert.equal(backoff({ ...USUAL, randomizationFactor: 0 }, 5000), 5000);
});

test("who was asked to come back later does so then, or up to half as much after it", () => {
  assert.equal(
    withRandom(0, () => backoffAfter(USUAL, 10_000)),
    10_000,
  );
  assert.equal(
    withRandom(1, () => backoffAfter(USUAL, 10_000)),
    15_000,
  );
  // At least the first delay's width, or all that are asked to come at once would.
  assert.equal(
    withRandom(1, () => backoffAfter(USUAL, 0)),
    1000,
  );
});

test("ten thousand clients, a server away for a minute: no 100 ms after its return get more than 3 % of them", () => {
  const BACK = 60_000;
  const slots = new Map<number, number>();
  for (let client = 0; client < 10_000; client++) {
    let now = 0;
    for (let attempt = 0; now < BACK; attempt++) now += backoff(USUAL, attempt);
    const slot = Math.floor((now - BACK) / 100);
    slots.set(slot, (slots.get(slot) ?? 0) + 1);
  }
  const busiest = Math.max(...slots.values());
  assert.ok(busiest <= 300, `${busiest} of 10000`);
});
