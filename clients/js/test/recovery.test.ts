// What a client keeps of its namespace for the next connection, and what the server says before it ends one.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { readGoodbye } from "../src/engine/goodbye.js";
import { Manager, type ManagerOptions } from "../src/node.js";
import { nextOffset } from "../src/offset.js";
import { fakeTransport, last, type Wire } from "./support/fake.js";

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  mock.method(Math, "random", () => 0.5);
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

function connected(options: ManagerOptions = {}) {
  const wires: Wire[] = [];
  const manager = new Manager("http://host", { transports: [fakeTransport("websocket", wires)], ...options });
  const socket = manager.socket("/", { auth: { token: "t" } });
  const wire = () => last(wires);
  wire().shakes();
  assert.deepEqual(wire().take(), ['40{"token":"t"}']);
  wire().says('40{"sid":"s1","pid":"p1"}');
  /** Loses the connection; gives the CONNECT of the next one. */
  const reconnect = () => {
    wire().link.closed({ description: "gone" });
    mock.timers.tick(1000);
    wire().shakes();
    return wire().take();
  };
  return { manager, socket, wires, wire, reconnect };
}

test("the next CONNECT has the private id and the offset, in front of the auth", () => {
  const { socket, wire, reconnect } = connected();
  assert.equal(socket.recovered, false);
  wire().says('42["e",1,"Pz3OzMA"]');
  const heard: unknown[] = [];
  socket.on("missed", (...args) => heard.push(args, socket.recovered));
  assert.deepEqual(reconnect(), ['40{"pid":"p1","offset":"Pz3OzMA","token":"t"}']);
  wire().says('42["missed",2,"Pz3OzMB"]');
  assert.deepEqual(heard, []);
  wire().says('40{"sid":"s1","pid":"p1"}');
  assert.equal(socket.id, "s1");
  assert.deepEqual(heard, [[2, "Pz3OzMB"], true]);
  assert.deepEqual(reconnect(), ['40{"pid":"p1","offset":"Pz3OzMB","token":"t"}']);
});

test("a server that could not recover gives another id, and the old offset is forgotten", () => {
  const { socket, wire, reconnect } = connected();
  wire().says('42["e","Pz3OzMA"]');
  reconnect();
  wire().says('40{"sid":"s2","pid":"p2"}');
  assert.equal(socket.recovered, false);
  assert.deepEqual(reconnect(), ['40{"pid":"p2","token":"t"}']);
  wire().says('40{"sid":"s3"}');
  assert.deepEqual(reconnect(), ['40{"token":"t"}']);
});

test("a text at the end of an event without an offset is not taken for one", () => {
  const { wire, reconnect } = connected();
  wire().says('42["e","Pz3OzMA"]');
  wire().says('42["volatile","text"]');
  wire().says('42["volatile","welcome"]');
  wire().says('427["asks","Pz3OzMZ"]');
  wire().says('42["Pz3OzMZ"]');
  assert.deepEqual(reconnect(), ['40{"pid":"p1","offset":"Pz3OzMA","token":"t"}']);
});

test("offsets of the known servers grow, and replace what is none", () => {
  for (const [current, candidate, expected] of [
    [undefined, "anything", "anything"],
    ["text", "Pz3OzMA", "Pz3OzMA"],
    ["custom-1", "custom-2", "custom-2"],
    ["Pz3OzMA", "Pz3OzMA.1", "Pz3OzMA.1"],
    ["Pz3OzMA.1", "Pz3OzMB", "Pz3OzMB"],
    ["Pz3OzMA", "Q000000", "Q000000"],
    ["Pz3OzMA", "R000000", "Pz3OzMA"],
    ["Pz3OzMA", "Pz3OzM", "Pz3OzMA"],
    ["1700000000000-0", "1700000000000-1", "1700000000000-1"],
    ["1700000000000-0", "17", "1700000000000-0"],
    ["65a000000000000000000000", "65a000000000000000000001", "65a000000000000000000001"],
    ["65a000000000000000000000", "hello", "65a000000000000000000000"],
    ["AbcdefghAAAAAAAB", "AbcdefghAAAAAAAC", "AbcdefghAAAAAAAC"],
    ["AbcdefghAAAAAAAB", "no", "AbcdefghAAAAAAAB"],
  ] as [string | undefined, string, string][]) {
    assert.equal(nextOffset(current, candidate), expected, `${current} then ${candidate}`);
  }
});

test("a goodbye is told with the end of the connection, and its delay goes before the first attempt", () => {
  const { manager, socket, wires, wire } = connected();
  const ends: unknown[] = [];
  socket.on("disconnect", (reason, details) => ends.push(reason, details?.goodbye));
  wire().says('6{"reason":"deploy","reconnectAfter":8000}');
  wire().link.closed({ description: "gone" });
  assert.deepEqual(ends.splice(0), ["transport close", { reason: "deploy", reconnectAfter: 8000 }]);
  // Half of the half that may come on top.
  mock.timers.tick(9999);
  assert.equal(wires.length, 1);
  mock.timers.tick(1);
  assert.equal(wires.length, 2);
  wire().shakes();
  wire().says('40{"sid":"s2"}');
  // It was for that end only.
  wire().link.closed({ description: "gone" });
  assert.deepEqual(ends.splice(0), ["transport close", undefined]);
  mock.timers.tick(1000);
  assert.equal(wires.length, 3);
  wire().shakes();
  wire().says('40{"sid":"s3"}');
  wire().says('6{"reason":"kicked"}');
  wire().says("41");
  assert.deepEqual(ends, ["io server disconnect", { reason: "kicked" }]);
  assert.equal(manager.engine?.readyState, "closed");
});

test("what is no goodbye is none, and what is wrong in one is left out", () => {
  for (const [json, expected] of [
    ['{"reason":"r","reconnectAfter":0,"more":1}', { reason: "r", reconnectAfter: 0 }],
    ['{"reconnectAfter":3600000}', { reconnectAfter: 3_600_000 }],
    ['{"reconnectAfter":3600001}', { reconnectAfter: 3_600_000 }],
    ['{"reason":7,"reconnectAfter":-1}', {}],
    ['{"reconnectAfter":1.5}', {}],
    [`{"reason":"${"x".repeat(512)}"}`, { reason: "x".repeat(512) }],
    [`{"reason":"${"x".repeat(513)}"}`, {}],
    ["null", undefined],
    ["{", undefined],
  ] as [string, object | undefined][]) {
    assert.deepEqual(readGoodbye(json), expected, json);
  }
});
