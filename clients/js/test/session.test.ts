// The session against transports that are only memory, in virtual time.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import type { SessionOptions } from "../src/engine/options.js";
import { Session } from "../src/engine/session.js";
import { fakeTransport, last, type OPEN, settle, type Wire } from "./support/fake.js";
import { vectors } from "./support/vectors.js";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

interface Setup {
  session: Session;
  wires: Wire[];
  /** Everything the session said of itself, in order. */
  log: string[];
}

/** A session over a polling-like transport, with a WebSocket-like one to upgrade to. */
function start(options: SessionOptions = {}, { holds = false } = {}): Setup {
  const wires: Wire[] = [];
  const session = new Session("http://host:3000/?u=1", {
    transports: [fakeTransport("polling", wires, { pausable: true, holds }), fakeTransport("websocket", wires)],
    ...options,
  });
  const log: string[] = [];
  session.on("open", () => log.push("open"));
  session.on("message", (data) => log.push(`message ${data}`));
  session.on("upgrade", (transport) => log.push(`upgrade ${transport.name}`));
  session.on("upgradeError", (error) => log.push(error.message));
  session.on("error", (error) => log.push(`error ${error.message}`));
  session.on("close", (reason) => log.push(`close ${reason}`));
  return { session, wires, log };
}

function open(
  options: SessionOptions = {},
  { holds = false, ...handshake }: Partial<typeof OPEN> & { holds?: boolean } = {},
) {
  const setup = start(options, { holds });
  const wire = last(setup.wires);
  wire.shakes(handshake);
  setup.log.length = 0;
  return { ...setup, wire };
}

/** An upgrade up to the point where the server has answered the probe. */
function probed() {
  const setup = open({}, { upgrades: ["websocket"] });
  const probe = last(setup.wires);
  probe.link.opened();
  probe.says("3probe");
  probe.take();
  return { ...setup, probe };
}

test("the request names version, transport and, once there is one, the session", () => {
  const { wires, session } = start({ path: "/p", query: { a: "b c" } });
  const wire = last(wires);
  const before = new URL(wire.link.url("http"));
  assert.equal(`${before.origin}${before.pathname}`, "http://host:3000/p/");
  assert.deepEqual(
    ["EIO", "transport", "sid", "a"].map((key) => before.searchParams.get(key)),
    ["4", "polling", null, "b c"],
  );
  assert.notEqual(before.searchParams.get("t"), new URL(wire.link.url("http")).searchParams.get("t"));
  wire.shakes({ sid: "a b&c" });
  assert.equal(new URL(wire.link.url("http")).searchParams.get("sid"), "a b&c");
  assert.match(wire.link.url("ws"), /^ws:\/\/host:3000\/p\/\?/);
  session.close();
});

test("the shared vectors' open packets open a session", () => {
  const { opens } = vectors<{ opens: { text: string; sid: string }[] }>("engine");
  assert.ok(opens.length);
  for (const { text, sid } of opens) {
    const { session, wires, log } = start({ upgrade: false });
    last(wires).says(text);
    assert.deepEqual(log, ["open"]);
    assert.equal(session.id, sid);
    session.close();
  }
});

test("what was sent before the handshake goes out after it, in order", () => {
  const { session, wires } = start();
  session.send("a").send("b");
  assert.deepEqual(last(wires).sent, []);
  last(wires).shakes();
  assert.deepEqual(last(wires).take(), ["4a", "4b"]);
  session.close();
});

test("anything but a good open packet at the start is a server error", () => {
  const bad = [
    "4hello",
    "2",
    '0{"sid":""}',
    '0{"sid":1,"pingInterval":1,"pingTimeout":1}',
    "0null",
    "0[]",
    "0{",
    "0",
    '0{"sid":"x","pingInterval":-1,"pingTimeout":1}',
    '0{"sid":"x","pingInterval":"a","pingTimeout":1}',
    '0{"sid":"x"}',
  ];
  for (const first of bad) {
    const { session, wires, log } = start();
    last(wires).says(first);
    assert.deepEqual(log, ["error server error", "close transport error"], first);
    assert.equal(session.readyState, "closed");
    assert.equal(last(wires).closed, true);
  }
});

test("a second open packet is a server error", () => {
  const { wire, log } = open();
  wire.shakes({ sid: "other" });
  assert.deepEqual(log, ["error server error", "close transport error"]);
});

test("a ping is answered, and each one starts the watch again", () => {
  const { session, wire, log } = open();
  mock.timers.tick(44_999);
  wire.says("2");
  assert.deepEqual(wire.take(), ["3"]);
  mock.timers.tick(44_999);
  assert.deepEqual(log, []);
  mock.timers.tick(1);
  assert.deepEqual(log, ["close ping timeout"]);
  assert.equal(session.readyState, "closed");
});

test("a session that slept past its deadline knows before its timer does", async () => {
  const { session, log } = open();
  assert.equal(session._hasPingExpired(), false);
  mock.timers.setTime(Date.now() + 45_001);
  const staleAtOnce = open();
  assert.equal(staleAtOnce.session._hasPingExpired(), false);
  assert.equal(session._hasPingExpired(), true);
  await settle();
  assert.deepEqual(log, ["close ping timeout"]);
  staleAtOnce.session.close();
});

test("pongs, noops and upgrades from the server change nothing", () => {
  const { session, wire, log } = open();
  for (const packet of ["3", "6", "5"]) wire.says(packet);
  assert.deepEqual(log, []);
  assert.deepEqual(wire.sent, []);
  session.close();
});

test("the server's close packet ends the session", () => {
  const { wire, log } = open();
  wire.says("1");
  assert.deepEqual(log, ["close transport close"]);
});

test("nothing is heard after the end", () => {
  const { session, wire, log } = open();
  session.close();
  wire.says("4late");
  wire.link.failed("late");
  wire.link.closed({ description: "late" });
  session.send("late");
  mock.timers.tick(100_000);
  assert.deepEqual(log, ["close forced close"]);
  assert.deepEqual(wire.sent, []);
});

test("a batch over polling holds what fits into maxPayload, over WebSocket everything", () => {
  const { session, wire } = open({}, { maxPayload: 10, holds: true });
  session.send("first");
  session.send("aaa").send("bbb").send("ccc");
  assert.deepEqual(wire.take(), ["4first"]);
  wire.drain();
  assert.deepEqual(wire.take(), ["4aaa", "4bbb"]);
  wire.drain();
  assert.deepEqual(wire.take(), ["4ccc"]);
  wire.drain();
  session.send("larger than the limit").send("x");
  assert.deepEqual(wire.take(), ["4larger than the limit"]);
  wire.drain();
  assert.deepEqual(wire.take(), ["4x"]);
  session.close(true);

  const wires: Wire[] = [];
  const direct = new Session("http://host", { transports: [fakeTransport("websocket", wires)] });
  direct.send("aaaaaaaa").send("bbbbbbbb");
  last(wires).shakes({ maxPayload: 10 });
  assert.deepEqual(last(wires).take(), ["4aaaaaaaa", "4bbbbbbbb"]);
  direct.close();
});

test("close sends what is buffered first", () => {
  const { session, wire, log } = open({}, { holds: true });
  session.send("a").send("b").close();
  session.send("too late");
  assert.deepEqual(wire.take(), ["4a"]);
  assert.deepEqual(log, []);
  wire.says("2");
  wire.drain();
  assert.deepEqual(wire.take(), ["4b", "3"]);
  wire.drain();
  assert.deepEqual(log, ["close forced close"]);
});

test("close to discard ends at once, and so does close before the handshake", () => {
  const { session, log } = open({}, { holds: true });
  session.send("a").send("b").close(true);
  assert.deepEqual(log, ["close forced close"]);
  const early = start();
  early.session.close();
  assert.deepEqual(early.log, ["close forced close"]);
  assert.equal(last(early.wires).closed, true);
});

test("the upgrade: probe, answer, pause, then the upgrade packet before anything else", () => {
  const { session, wires, wire, log } = open({}, { upgrades: ["websocket"] });
  const probe = last(wires);
  assert.equal(probe.name, "websocket");
  assert.match(probe.link.url("ws"), /sid=engine-sid/);
  probe.link.opened();
  assert.deepEqual(probe.take(), ["2probe"]);
  session.send("over polling");
  assert.deepEqual(wire.take(), ["4over polling"]);

  probe.says("3probe");
  session.send("held");
  assert.deepEqual([wire.take(), probe.take()], [[], []]);
  // The poll that was under way may still bring messages, and a ping.
  wire.says("4from the last poll");
  wire.says("2");
  wire.paused?.();
  assert.deepEqual(probe.take(), ["5", "4held", "3"]);
  assert.deepEqual(log, ["message from the last poll", "upgrade websocket"]);

  probe.says("4over websocket");
  wire.says("4not any more");
  assert.equal(last(log), "message over websocket");
  session.close();
  assert.equal(probe.closed, true);
});

test("no probe when it is not wanted, not offered, or not possible", () => {
  assert.equal(open({ upgrade: false }, { upgrades: ["websocket"] }).wires.length, 1);
  assert.equal(open({}, { upgrades: [] }).wires.length, 1);
  assert.equal(open({}, { upgrades: ["webtransport"] }).wires.length, 1);
  const wires: Wire[] = [];
  new Session("http://host", {
    transports: [fakeTransport("polling", wires, { pausable: true }), "websocket"],
  });
  // This platform has no WebSocket and the options name none.
  last(wires).shakes({ upgrades: ["websocket"] });
  assert.equal(wires.length, 1);
});

test("a probe that fails leaves polling alive", () => {
  for (const [failure, message] of [
    [(probe: Wire) => probe.link.failed("websocket error"), "probe error: websocket error"],
    [(probe: Wire) => probe.link.closed({ description: "gone" }), "probe error: transport closed"],
    [(probe: Wire) => probe.says("3other"), "probe error"],
    [(probe: Wire) => probe.says("4hello"), "probe error"],
  ] as const) {
    const { session, wires, wire, log } = open({}, { upgrades: ["websocket"] });
    const probe = last(wires);
    probe.link.opened();
    failure(probe);
    assert.deepEqual(log, [message]);
    assert.equal(probe.closed, true);
    session.send("still here");
    assert.deepEqual(wire.take(), ["4still here"]);
    session.close();
  }
});

test("a probe that breaks while polling comes to rest gives polling back", () => {
  const { session, wire, probe, log } = probed();
  session.send("held");
  probe.link.closed({ description: "gone" });
  assert.equal(wire.resumed, 1);
  assert.deepEqual(wire.take(), ["4held"]);
  assert.deepEqual(log, ["probe error: transport closed"]);
  session.close();
});

test("anything after the probe's answer, and before we have moved, is a failed probe", () => {
  const { session, wire, probe, log } = probed();
  probe.says("4too early");
  assert.equal(wire.resumed, 1);
  assert.deepEqual(log, ["probe error"]);
  session.close();
});

test("close waits for an upgrade that is half done", () => {
  const { session, wire, probe, log } = probed();
  session.send("last words").close();
  assert.deepEqual(log, []);
  wire.paused?.();
  assert.deepEqual(probe.take(), ["5", "4last words"]);
  assert.deepEqual(log, ["upgrade websocket", "close forced close"]);

  const failing = probed();
  failing.session.close();
  failing.probe.link.failed("websocket error");
  assert.deepEqual(failing.log, ["probe error: websocket error", "close forced close"]);
});

test("a session that ends takes its probe along", () => {
  const { wire, wires, log } = open({}, { upgrades: ["websocket"] });
  wire.link.failed("fetch read error");
  const probe = last(wires);
  assert.equal(probe.closed, true);
  probe.link.opened();
  probe.says("3probe");
  assert.deepEqual(log, ["error fetch read error", "close transport error"]);
  assert.deepEqual(probe.sent, []);
});

test("a poll that never comes to rest ends with the ping watch", () => {
  const { probe, log } = probed();
  mock.timers.tick(45_000);
  assert.deepEqual(log, ["close ping timeout"]);
  assert.equal(probe.closed, true);
});

test("a ping interval longer than timers can wait does not fire at once", () => {
  const { session, log } = open({}, { pingInterval: 1e300 });
  mock.timers.tick(1_000_000);
  assert.deepEqual(log, []);
  session.close();
});
