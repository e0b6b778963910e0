// What can be said of one emit, and who hears of it: retries, flags, catch-all listeners.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Manager, type ManagerOptions, type SocketOptions } from "../src/node.js";
import { fakeTransport, last, type Wire } from "./support/fake.js";

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  mock.method(Math, "random", () => 0.5);
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

function setUp(options: ManagerOptions & SocketOptions = {}) {
  const wires: Wire[] = [];
  const manager = new Manager("http://host", { transports: [fakeTransport("websocket", wires)], ...options });
  const socket = manager.socket("/", options);
  const wire = () => last(wires);
  const accept = () => {
    wire().shakes();
    wire().says('40{"sid":"s"}');
    assert.equal(wire().sent.shift(), "40");
  };
  return { manager, socket, wires, wire, accept };
}

test("with retries one event is under way at a time, in order", () => {
  const { socket, wire, accept } = setUp({ retries: 2, ackTimeout: 50 });
  const log: unknown[] = [];
  socket.emit("a", 1, (...args: unknown[]) => log.push("a", ...args));
  socket.emit("b");
  socket.volatile.emit("dropped");
  accept();
  assert.deepEqual(wire().take(), ['420["a",1]']);
  socket.volatile.emit("aside");
  assert.deepEqual(wire().take(), ['42["aside"]']);
  wire().says('430["answer"]');
  assert.deepEqual(log, ["a", null, "answer"]);
  assert.deepEqual(wire().take(), ['421["b"]']);
  assert.equal(socket._queue?.length, 1);
  wire().says("431[]");
  assert.equal(socket._queue?.length, 0);
});

test("an event that nobody acknowledges is sent again, and given up after the retries", () => {
  const { socket, wire, accept } = setUp({ retries: 2, ackTimeout: 50 });
  accept();
  const log: unknown[] = [];
  socket.emit("a", (error: Error | null) => log.push(error?.message));
  socket.emit("b");
  assert.deepEqual(wire().take(), ['420["a"]']);
  mock.timers.tick(50);
  assert.deepEqual(wire().take(), ['421["a"]']);
  mock.timers.tick(50);
  assert.deepEqual(wire().take(), ['422["a"]']);
  assert.deepEqual(log, []);
  mock.timers.tick(50);
  assert.deepEqual(log, ["operation has timed out"]);
  assert.deepEqual(wire().take(), ['423["b"]']);
  // Too late: it was the answer to a try that was over.
  wire().says('431["late"]');
  assert.deepEqual(log, ["operation has timed out"]);
});

test("an event whose connection goes is sent again on the next one, before connect is told", () => {
  const { socket, wire, accept } = setUp({ retries: 5 });
  accept();
  socket.emit("a");
  assert.deepEqual(wire().take(), ['420["a"]']);
  wire().link.closed({ description: "gone" });
  mock.timers.tick(1000);
  let atConnect: unknown;
  socket.on("connect", () => {
    atConnect = wire().take();
  });
  wire().shakes();
  wire().says('40{"sid":"s2"}');
  assert.deepEqual(atConnect, ["40", '421["a"]']);
});

test("compress is a flag of the packet, for one emit", () => {
  const { manager, socket, accept } = setUp();
  accept();
  const created: unknown[] = [];
  manager.engine?.on("packetCreate", ({ data, options }) => created.push([data, options]));
  socket.compress(false).emit("a");
  socket.emit("b");
  assert.deepEqual(created, [
    ['2["a"]', { compress: false }],
    ['2["b"]', { compress: true }],
  ]);
});

test("catch-all listeners for what goes out hear it when it does, in their order", () => {
  const { socket, wire, accept } = setUp();
  const log: unknown[] = [];
  const first = (...args: unknown[]) => log.push(["first", ...args]);
  const second = (...args: unknown[]) => log.push(["second", ...args]);
  socket.onAnyOutgoing(second).prependAnyOutgoing(first);
  socket.emit("a", 1, () => {});
  assert.deepEqual(log, []);
  accept();
  assert.deepEqual(log.splice(0), [
    ["first", "a", 1],
    ["second", "a", 1],
  ]);
  socket.volatile.emit("b");
  assert.equal(log.splice(0).length, 2);
  wire().writable = false;
  socket.volatile.emit("c");
  assert.deepEqual(log, []);
  assert.deepEqual(socket.listenersAnyOutgoing(), [first, second]);
  socket.offAnyOutgoing(first);
  assert.deepEqual(socket.listenersAnyOutgoing(), [second]);
  assert.deepEqual(socket.offAnyOutgoing().listenersAnyOutgoing(), []);
});

test("catch-all listeners for what arrives may be put in front, listed and removed", () => {
  const { socket, wire, accept } = setUp();
  accept();
  const log: string[] = [];
  const first = () => log.push("first");
  const second = () => log.push("second");
  socket.onAny(second).prependAny(first);
  assert.deepEqual(socket.listenersAny(), [first, second]);
  wire().says('42["e"]');
  assert.deepEqual(log, ["first", "second"]);
  assert.deepEqual(socket.offAny(second).listenersAny(), [first]);
  assert.deepEqual(socket.offAny().listenersAny(), []);
});

test("listeners are called as methods of what they listen to", () => {
  const { manager, socket, wire, accept } = setUp();
  const selves: unknown[] = [];
  socket.on("connect", function (this: unknown) {
    selves.push(this);
  });
  socket.onAny(function (this: unknown) {
    selves.push(this);
  });
  manager.on("open", function (this: unknown) {
    selves.push(this);
  });
  accept();
  wire().says('42["e"]');
  assert.deepEqual(
    selves.map((self) => [manager, socket].indexOf(self as never)),
    [0, 1, 1],
  );
});

test("the other names of on and off are there", () => {
  const { socket, wire, accept } = setUp();
  accept();
  let calls = 0;
  const listener = () => calls++;
  socket.addEventListener("e", listener);
  wire().says('42["e"]');
  assert.equal(socket.hasListeners("e"), true);
  socket.removeEventListener("e", listener);
  socket.addEventListener("e", listener).removeListener("e", listener);
  socket.addEventListener("e", listener).removeAllListeners("e");
  assert.equal(socket.hasListeners("e"), false);
  wire().says('42["e"]');
  assert.equal(calls, 1);
});

test("connect asks again where the manager has given up", () => {
  const { manager, socket, wires, wire } = setUp({ reconnectionAttempts: 1 });
  wire().link.failed("no");
  mock.timers.tick(1000);
  wire().link.failed("no");
  assert.deepEqual([wires.length, socket.active], [2, true]);
  socket.connect();
  assert.equal(wires.length, 3);
  manager._close();
});
