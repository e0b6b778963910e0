import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Emitter } from "../src/events.js";

interface Events {
  a: (value: number) => void;
  b: () => void;
}

test("listeners are called in the order of their registration", () => {
  const emitter = new Emitter<Events>();
  const calls: string[] = [];
  emitter.on("a", (value) => calls.push(`first ${value}`));
  emitter.on("a", (value) => calls.push(`second ${value}`));
  emitter._fire("a", 1);
  assert.deepEqual(calls, ["first 1", "second 1"]);
});

test("once listens to one call, even when that call fires the event again", () => {
  const emitter = new Emitter<Events>();
  let calls = 0;
  emitter.once("b", () => {
    calls++;
    emitter._fire("b");
  });
  emitter._fire("b");
  assert.equal(calls, 1);
  assert.equal(emitter.hasListeners("b"), false);
});

test("off removes one registration, one event, or everything", () => {
  const emitter = new Emitter<Events>();
  const listener = () => {};
  emitter.on("a", listener).on("a", listener).on("b", listener);
  emitter.off("a", listener);
  assert.deepEqual(emitter.listeners("a"), [listener]);
  emitter.off("a", () => {});
  assert.deepEqual(emitter.listeners("a"), [listener]);
  emitter.off("a");
  assert.deepEqual(emitter.listeners("a"), []);
  emitter.off();
  assert.equal(emitter.hasListeners("b"), false);
});

test("off takes a listener of once", () => {
  const emitter = new Emitter<Events>();
  const listener = () => assert.fail("was removed");
  emitter.once("b", listener).off("b", listener);
  emitter._fire("b");
});

test("a listener that is added or removed during a call does not change that call", () => {
  const emitter = new Emitter<Events>();
  const calls: string[] = [];
  const second = () => calls.push("second");
  emitter.on("b", () => {
    calls.push("first");
    emitter.off("b", second);
    emitter.on("b", () => calls.push("third"));
  });
  emitter.on("b", second);
  emitter._fire("b");
  assert.deepEqual(calls, ["first", "second"]);
});

test("a listener that throws does not stop the next one, and its error is not swallowed", async () => {
  const emitter = new Emitter<Events>();
  let reached = false;
  emitter.on("b", () => {
    throw new Error("from a listener");
  });
  emitter.on("b", () => {
    reached = true;
  });
  const others = process.rawListeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  try {
    const thrown = once(process, "uncaughtException");
    emitter._fire("b");
    assert.equal(reached, true);
    assert.equal(((await thrown)[0] as Error).message, "from a listener");
  } finally {
    for (const other of others) process.on("uncaughtException", other as NodeJS.UncaughtExceptionListener);
  }
});
