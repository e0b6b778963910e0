import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Backoff } from "../src/backoff.js";

function delays(random: number, count: number, jitter = 0.5): number[] {
  const seam = mock.method(Math, "random", () => random);
  const backoff = new Backoff(1000, 5000, jitter);
  const found = Array.from({ length: count }, () => backoff.duration());
  seam.mock.restore();
  return found;
}

test("delays double up to the cap", () => {
  assert.deepEqual(delays(0.5, 5), [1000, 2000, 4000, 5000, 5000]);
});

test("jitter is applied after the cap, so late attempts still differ", () => {
  assert.deepEqual(delays(0, 5), [500, 1000, 2000, 2500, 2500]);
  assert.deepEqual(delays(0.999999, 5), [1500, 3000, 6000, 7500, 7500]);
});

test("no jitter gives the bare numbers", () => {
  assert.deepEqual(delays(0.1, 4, 0), [1000, 2000, 4000, 5000]);
});

test("reset starts again", () => {
  const backoff = new Backoff(100, 1000, 0);
  backoff.duration();
  backoff.duration();
  assert.equal(backoff.attempts, 2);
  backoff.reset();
  assert.equal(backoff.attempts, 0);
  assert.equal(backoff.duration(), 100);
});

test("attempts without end stay at the cap", () => {
  const backoff = new Backoff(0, 5000, 0);
  backoff.attempts = 5000;
  assert.equal(backoff.duration(), 0);
  const usual = new Backoff(1000, 5000, 0);
  usual.attempts = 5000;
  assert.equal(usual.duration(), 5000);
});

test("ten thousand clients that return at once are spread over the jitter's whole width", () => {
  const slots = new Map<number, number>();
  for (let client = 0; client < 10_000; client++) {
    const backoff = new Backoff(1000, 5000, 0.5);
    backoff.attempts = 10;
    const slot = Math.floor(backoff.duration() / 100);
    slots.set(slot, (slots.get(slot) ?? 0) + 1);
  }
  // 2 % is the mean of a slot of 100 ms in 5 s.
  assert.ok(Math.max(...slots.values()) <= 300);
});
