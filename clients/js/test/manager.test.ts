// Managers and sockets against a server that is only memory, in virtual time.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { io, Manager, type ManagerOptions, type Socket, type SocketOptions } from "../src/index.js";
import { fakeTransport, last, settle, type Wire } from "./support/fake.js";

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  mock.method(Math, "random", () => 0.5);
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

type Options = ManagerOptions & SocketOptions;

function setUp(options: Options = {}) {
  const wires: Wire[] = [];
  const manager = new Manager("http://host:3000", { transports: [fakeTransport("websocket", wires)], ...options });
  const log: string[] = [];
  manager.on("open", () => log.push("open"));
  manager.on("error", (error) => log.push(`error ${error.message}`));
  manager.on("close", (reason) => log.push(`close ${reason}`));
  manager.on("reconnect_attempt", (attempt) => log.push(`attempt ${attempt}`));
  manager.on("reconnect", (attempt) => log.push(`reconnect ${attempt}`));
  manager.on("reconnect_error", (error) => log.push(`reconnect_error ${error.message}`));
  manager.on("reconnect_failed", () => log.push("reconnect_failed"));
  return { manager, wires, log, wire: () => last(wires) };
}

/** A socket that is connected, whose CONNECT has been taken from the wire. */
function connected(options: Options = {}) {
  const setUpResult = setUp(options);
  const socket = setUpResult.manager.socket("/", options);
  accept(setUpResult.wire(), "socket-sid");
  const wire = setUpResult.wire();
  wire.take();
  setUpResult.log.length = 0;
  return { ...setUpResult, socket };
}

function accept(wire: Wire, sid: string): void {
  wire.shakes();
  wire.says(`40{"sid":"${sid}"}`);
}

/** What the socket says of itself, in order. */
function listen(socket: Socket): string[] {
  const log: string[] = [];
  socket.on("connect", () => log.push(`connect ${socket.id}`));
  socket.on("connect_error", (error) => log.push(`connect_error ${error.message}`));
  socket.on("disconnect", (reason) => log.push(`disconnect ${reason}`));
  socket.onAny((event: string, ...args) => log.push(JSON.stringify([event, ...args])));
  return log;
}

test("sockets connect each to its namespace over one connection", () => {
  const { manager, wires, wire } = setUp();
  const main = manager.socket("/");
  const admin = manager.socket("/admin", { auth: { token: "1" } });
  assert.equal(manager.socket("/admin"), admin);
  wire().shakes();
  assert.deepEqual(wire().take(), ["40", '40/admin,{"token":"1"}']);
  wire().says('40/admin,{"sid":"b"}');
  assert.deepEqual([main.connected, admin.connected, admin.id], [false, true, "b"]);
  wire().says('40{"sid":"a"}');
  assert.deepEqual([main.connected, main.id, wires.length], [true, "a", 1]);
  manager._close();
});

test("a namespace that joins an open connection, also from within a listener, sends one CONNECT", () => {
  const { manager, wire } = setUp();
  manager.once("open", () => manager.socket("/a"));
  manager.socket("/");
  wire().shakes();
  assert.deepEqual(wire().take().sort(), ["40", "40/a,"]);
  manager.socket("/b").connect().connect();
  assert.deepEqual(wire().take(), ["40/b,"]);
  manager._close();
});

test("an auth function is asked at each connect, and a late answer to an old one is dropped", () => {
  const answers: ((auth: Record<string, unknown>) => void)[] = [];
  const { manager, wire, wires } = setUp();
  manager.socket("/", { auth: (send) => answers.push(send) });
  wire().shakes();
  assert.deepEqual(wire().take(), []);
  wire().link.closed({ description: "" });
  mock.timers.tick(1000);
  wire().shakes();
  answers[0]?.({ old: true });
  answers[1]?.({ n: 2 });
  assert.deepEqual([wires.length, wire().take()], [2, ['40{"n":2}']]);
  manager._close();
});

test("auth may be replaced between connects", () => {
  const { socket, wire, manager } = connected({ auth: { token: 1 } });
  socket.auth = { token: 2 };
  wire().link.closed({ description: "" });
  mock.timers.tick(1000);
  wire().shakes();
  assert.deepEqual(wire().take(), ['40{"token":2}']);
  manager._close();
});

test("events that come before the answer to CONNECT are kept and come before connect", () => {
  const { manager, wire } = setUp();
  const socket = manager.socket("/");
  const log = listen(socket);
  socket.emit("mine");
  wire().shakes();
  wire().says('42["early",1]');
  wire().says('451-["early bytes",{"_placeholder":true,"num":0}]');
  wire().says(Uint8Array.of(1).buffer);
  assert.deepEqual(log, []);
  wire().take();
  wire().says('40{"sid":"s"}');
  assert.deepEqual(log, ['["early",1]', '["early bytes",{"type":"Buffer","data":[1]}]', "connect s"]);
  assert.deepEqual(wire().take(), ['42["mine"]']);
  wire().says('40{"sid":"again"}');
  assert.equal(socket.id, "s");
  manager._close();
});

test("what is emitted without a connection is kept in order, volatile events are not", () => {
  const { manager, wire } = setUp();
  const socket = manager.socket("/");
  socket
    .emit("a")
    .volatile.emit("lost")
    .emit("b", new Uint8Array([1]));
  accept(wire(), "s");
  assert.deepEqual(wire().take(), ["40", '42["a"]', '451-["b",{"_placeholder":true,"num":0}]', new Uint8Array([1])]);
  wire().writable = false;
  socket.volatile.emit("lost").emit("kept");
  wire().drain();
  wire().says("2");
  assert.deepEqual(wire().take(), ['42["kept"]', "3"]);
  socket.volatile.emit("sent");
  assert.deepEqual(wire().take(), ['42["sent"]']);
  manager._close();
});

test("what was emitted is what was there then", () => {
  const { manager, wire } = setUp();
  const data = { n: 1 };
  manager.socket("/").emit("a", data);
  data.n = 2;
  accept(wire(), "s");
  assert.equal(last(wire().sent), '42["a",{"n":1}]');
  manager._close();
});

test("a socket's own event names are refused, and so is what is no JSON", () => {
  const { socket, manager } = connected();
  for (const event of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
    assert.throws(() => socket.emit(event), new Error(`"${event}" is a reserved event name`));
  }
  assert.throws(() => socket.emit("a", 1n), TypeError);
  manager._close();
});

test("answers of the server reach their function, once", () => {
  const { socket, wire, manager } = connected();
  const answers: unknown[][] = [];
  socket.emit("a", 1, (...args: unknown[]) => answers.push(args));
  socket.emit("b", (...args: unknown[]) => answers.push(args));
  assert.deepEqual(wire().take(), ['420["a",1]', '421["b"]']);
  wire().says('431["two",2]');
  wire().says("430[]");
  wire().says('430["again"]');
  wire().says('4399["unknown"]');
  wire().says("43");
  assert.deepEqual(answers, [["two", 2], []]);
  manager._close();
});

test("an answer with a timeout has an error in front", () => {
  const { socket, wire, manager } = connected();
  const answers: unknown[][] = [];
  const take = (...args: unknown[]) => answers.push(args);
  socket.timeout(100).emit("in time", take);
  socket.timeout(100).emit("too late", take);
  wire().says('430["x"]');
  mock.timers.tick(99);
  assert.deepEqual(answers, [[null, "x"]]);
  mock.timers.tick(1);
  wire().says('431["x"]');
  assert.deepEqual(answers.slice(1), [[new Error("operation has timed out")]]);
  manager._close();
});

test("ackTimeout is the timeout of those that name none", async () => {
  const { socket, manager } = connected({ ackTimeout: 50 });
  const promise = socket.emitWithAck("a");
  mock.timers.tick(50);
  await assert.rejects(promise, new Error("operation has timed out"));
  manager._close();
});

test("an event that timed out before it could be sent is not sent", () => {
  const { manager, wire } = setUp();
  const socket = manager.socket("/");
  let error: Error | undefined;
  socket.timeout(10).emit("a", (failure: Error) => {
    error = failure;
  });
  socket.emit("b");
  mock.timers.tick(10);
  assert.equal(error?.message, "operation has timed out");
  accept(wire(), "s");
  assert.deepEqual(wire().take(), ["40", '42["b"]']);
  manager._close();
});

test("emitWithAck resolves with the answer and rejects when the connection goes", async () => {
  const { socket, wire } = connected();
  const answered = socket.emitWithAck("a", 1);
  const lost = socket.emitWithAck("b");
  wire().says('430["yes"]');
  assert.equal(await answered, "yes");
  socket.disconnect();
  await assert.rejects(lost, new Error("socket has been disconnected"));
});

test("an event that is only buffered keeps its answer over a reconnection", async () => {
  const { socket, wire, manager } = connected();
  wire().link.closed({ description: "" });
  const promise = socket.emitWithAck("a");
  mock.timers.tick(1000);
  wire().link.failed("websocket error");
  mock.timers.tick(2000);
  accept(wire(), "s2");
  assert.deepEqual(wire().take(), ["40", '420["a"]']);
  wire().says('430["ok"]');
  assert.equal(await promise, "ok");
  manager._close();
});

test("a listener answers the server, once, and only the connection that asked", () => {
  const { socket, wire, manager } = connected();
  const answers: ((...args: unknown[]) => void)[] = [];
  socket.on("ask", (question: string, answer: (...args: unknown[]) => void) => {
    assert.equal(question, "q");
    answers.push(answer);
  });
  wire().says('427["ask","q"]');
  answers[0]?.("a", new Uint8Array([1]));
  answers[0]?.("twice");
  assert.deepEqual(wire().take(), ['461-7["a",{"_placeholder":true,"num":0}]', new Uint8Array([1])]);
  wire().says('428["ask","q"]');
  wire().link.closed({ description: "" });
  mock.timers.tick(1000);
  accept(wire(), "s2");
  wire().take();
  answers[1]?.("late");
  assert.deepEqual(wire().take(), []);
  manager._close();
});

test("catch-all listeners hear every event before its own listeners, and can be removed", () => {
  const { socket, wire, manager } = connected();
  const log: string[] = [];
  const first = (event: string) => log.push(`any ${event}`);
  socket.on("a", () => log.push("own"));
  socket.onAny(first).onAny((event: string) => log.push(`too ${event}`));
  wire().says('42["a"]');
  socket.offAny(first);
  wire().says('42["b"]');
  socket.offAny();
  wire().says('42["c"]');
  assert.deepEqual(log, ["any a", "too a", "own", "too b"]);
  manager._close();
});

test("an event without a payload reaches nobody, a numeric name is its text", () => {
  const { socket, wire, manager } = connected();
  const log = listen(socket);
  socket.on("7", () => log.push("seven"));
  wire().says("42");
  wire().says("42[7]");
  assert.deepEqual(log, ["[7]", "seven"]);
  manager._close();
});

test("disconnect says so to the server and ends the connection with its last socket", () => {
  const { socket, manager, wire, log } = connected();
  const other = manager.socket("/other");
  wire().take();
  const events = listen(socket);
  socket.disconnect();
  assert.deepEqual(wire().take(), ["41"]);
  assert.deepEqual([log, events, socket.active], [[], ["disconnect io client disconnect"], false]);
  wire().says('42["late"]');
  other.disconnect();
  assert.deepEqual([log, events.length], [["close forced close"], 1]);
  mock.timers.tick(100_000);
  assert.equal(wire().closed, true);
});

test("a socket that the server disconnects does not come back by itself, but may by its user", () => {
  const { socket, wires, wire, manager } = connected();
  const events = listen(socket);
  wire().says("41");
  mock.timers.tick(100_000);
  assert.deepEqual([events, wires.length, socket.active], [["disconnect io server disconnect"], 1, false]);
  socket.connect();
  accept(wire(), "again");
  assert.deepEqual([wires.length, socket.connected], [2, true]);
  socket.once("disconnect", () => socket.connect());
  wire().take();
  wire().says("41");
  assert.deepEqual(wire().take(), ["40"]);
  manager._close();
});

test("a refusal has the server's message and data, and is not retried", () => {
  const { manager, wires, wire } = setUp();
  const socket = manager.socket("/");
  let refusal: (Error & { data?: unknown }) | undefined;
  socket.on("connect_error", (error) => {
    refusal = error;
  });
  wire().shakes();
  wire().says('44{"message":"not you","data":{"code":7}}');
  mock.timers.tick(100_000);
  assert.deepEqual([refusal?.message, refusal?.data], ["not you", { code: 7 }]);
  assert.deepEqual([socket.active, wires.length, wire().closed], [false, 1, true]);
});

test("a refused namespace leaves the others connected", () => {
  const { manager, wire, socket } = connected();
  const other = manager.socket("/other");
  const events = listen(other);
  wire().says('44/other,{"message":"Invalid namespace"}');
  assert.deepEqual(events, ["connect_error Invalid namespace"]);
  assert.deepEqual([socket.connected, wire().closed], [true, false]);
  manager._close();
});

test("an answer to CONNECT without a sid is a connect_error", () => {
  const { manager, wire } = setUp();
  const events = listen(manager.socket("/"));
  wire().shakes();
  wire().says("40");
  wire().says('40{"sid":1}');
  assert.equal(events.length, 2);
  for (const event of events) assert.match(event, /^connect_error .*v2\.x/);
  manager._close();
});

test("each way to lose a connection has its reason, and is followed by a reconnection", () => {
  for (const [lose, reason] of [
    [(wire: Wire) => wire.link.closed({ description: "gone" }), "transport close"],
    [(wire: Wire) => wire.link.failed("websocket error"), "transport error"],
    [(wire: Wire) => wire.says("1"), "transport close"],
    [() => mock.timers.tick(45_000), "ping timeout"],
    [(wire: Wire) => wire.says('42["connect"]'), "parse error"],
    [(wire: Wire) => wire.says("4"), "parse error"],
    [(wire: Wire) => wire.says(new ArrayBuffer(1)), "parse error"],
  ] as const) {
    const { socket, wire, wires, log, manager } = connected();
    const events = listen(socket);
    lose(wire());
    assert.deepEqual(events, [`disconnect ${reason}`]);
    assert.equal(last(log), `close ${reason}`);
    assert.deepEqual([socket.connected, socket.disconnected, socket.active, socket.id], [false, true, true, undefined]);
    assert.equal(wire().closed, true);
    mock.timers.tick(1000);
    assert.equal(wires.length, 2);
    accept(wire(), "back");
    assert.deepEqual([last(log), last(events)], ["reconnect 1", "connect back"]);
    manager._close();
  }
});

test("closing the session by hand is a forced close, and is followed by a reconnection", () => {
  const { socket, manager, wires } = connected();
  const events = listen(socket);
  manager.engine?.close();
  mock.timers.tick(1000);
  assert.deepEqual([events, wires.length], [["disconnect forced close"], 2]);
  manager._close();
});

test("attempts to reconnect wait longer each time and are told with their numbers", () => {
  const { wire, wires, log, manager, socket } = connected();
  const events = listen(socket);
  wire().link.closed({ description: "" });
  for (const [attempt, delay] of [
    [1, 1000],
    [2, 2000],
    [3, 4000],
    [4, 5000],
    [5, 5000],
  ] as const) {
    log.length = 0;
    mock.timers.tick(delay - 1);
    assert.deepEqual([log, wires.length], [[], attempt]);
    mock.timers.tick(1);
    wire().link.failed("websocket error");
    assert.deepEqual(log, [`attempt ${attempt}`, "error websocket error", "reconnect_error websocket error"]);
    assert.equal(last(events), "connect_error websocket error");
  }
  mock.timers.tick(5000);
  accept(wire(), "back");
  assert.equal(last(log), "reconnect 6");
  manager._close();
});

test("after the last attempt reconnect_failed says so, and connect starts anew", () => {
  const { wire, wires, log, socket, manager } = connected({ reconnectionAttempts: 2 });
  wire().link.closed({ description: "" });
  for (const delay of [1000, 2000]) {
    mock.timers.tick(delay);
    wire().link.failed("websocket error");
  }
  assert.equal(last(log), "reconnect_failed");
  mock.timers.tick(100_000);
  assert.equal(wires.length, 3);
  manager.open();
  accept(wire(), "back");
  assert.equal(socket.connected, true);
  manager._close();
});

test("a first attempt that fails is retried too", () => {
  const { manager, wires, wire, log } = setUp();
  const events = listen(manager.socket("/"));
  wire().link.failed("websocket error");
  assert.deepEqual(events, ["connect_error websocket error"]);
  mock.timers.tick(1000);
  assert.equal(wires.length, 2);
  accept(wire(), "s");
  assert.deepEqual(log, ["error websocket error", "attempt 1", "open", "reconnect 1"]);
  manager._close();
});

test("no reconnection when it is turned off", () => {
  const { wire, wires } = connected({ reconnection: false });
  wire().link.closed({ description: "" });
  mock.timers.tick(100_000);
  assert.equal(wires.length, 1);
});

test("a user who connects while a reconnection is planned does not lose later reconnections", () => {
  const { wire, wires, manager, socket } = connected();
  wire().link.closed({ description: "" });
  socket.disconnect();
  socket.connect();
  accept(wire(), "s2");
  wire().link.closed({ description: "" });
  manager.open();
  assert.equal(wires.length, 3);
  accept(wire(), "s3");
  mock.timers.tick(100_000 % 45_000);
  assert.equal(wires.length, 3);
  wire().link.closed({ description: "" });
  mock.timers.tick(1000);
  assert.equal(wires.length, 4);
  manager._close();
});

test("an attempt that takes too long fails with timeout, and leaves nothing behind", () => {
  const { manager, wire, wires, log } = setUp({ timeout: 300, reconnection: false });
  const events = listen(manager.socket("/"));
  mock.timers.tick(299);
  assert.deepEqual(log, []);
  mock.timers.tick(1);
  assert.deepEqual([log, events, wire().closed], [["error timeout"], ["connect_error timeout"], true]);
  wire().shakes();
  mock.timers.tick(100_000);
  assert.deepEqual([log, wires.length], [["error timeout"], 1]);
});

test("timeout false waits for ever", () => {
  const { manager, log } = setUp({ timeout: false });
  mock.timers.tick(10_000_000);
  assert.deepEqual(log, []);
  manager._close();
});

test("a connection that is closed before its handshake is a failed attempt, at once", () => {
  const { manager, wire, log } = setUp({ reconnection: false });
  const events = listen(manager.socket("/"));
  wire().link.closed({ description: "gone" });
  assert.deepEqual([log, events], [["error transport close"], ["connect_error transport close"]]);
});

test("open tells its caller, and then nothing is retried", () => {
  const { manager, wires, wire } = setUp({ autoConnect: false });
  assert.deepEqual([manager.engine, wires.length], [undefined, 0]);
  const results: (string | undefined)[] = [];
  manager.open((error) => results.push(error?.message));
  wire().link.failed("websocket error");
  mock.timers.tick(100_000);
  assert.deepEqual([results, wires.length], [["websocket error"], 1]);
  manager.connect((error) => results.push(error?.message));
  wire().shakes();
  assert.deepEqual(results, ["websocket error", undefined]);
  manager._close();
});

test("giving up in reconnect_attempt is heard", () => {
  const { manager, wire, wires, socket } = connected();
  manager.on("reconnect_attempt", () => socket.disconnect());
  wire().link.closed({ description: "" });
  mock.timers.tick(100_000);
  assert.equal(wires.length, 1);
});

test("a machine that slept finds out when it emits, and the event is not lost", async () => {
  const { socket, wire, manager } = connected();
  const events = listen(socket);
  // Time passes, and the timer sleeps with the machine.
  const now = Date.now();
  mock.method(Date, "now", () => now + 60_000);
  socket.emit("a");
  assert.deepEqual(wire().take(), []);
  await settle();
  assert.deepEqual(events, ["disconnect ping timeout"]);
  mock.timers.tick(1000);
  accept(wire(), "back");
  assert.deepEqual(wire().take(), ["40", '42["a"]']);
  manager._close();
});

test("pings of the server are told", () => {
  const { manager, wire } = connected();
  let pings = 0;
  manager.on("ping", () => pings++);
  wire().says("2");
  assert.equal(pings, 1);
  manager._close();
});

test("io shares a connection between namespaces, unless told not to", () => {
  const wires: Wire[] = [];
  const options = { transports: [fakeTransport("websocket", wires)] };
  const one = io("http://shared:1/a", options);
  const two = io("http://shared:1/b", options);
  assert.equal(one.io, two.io);
  assert.deepEqual([one.nsp, two.nsp], ["/a", "/b"]);
  const others = [
    io("http://shared:1/a", options),
    io("http://shared:1/c", { ...options, forceNew: true }),
    io("http://shared:1/d", { ...options, multiplex: false }),
    io("http://shared:1/e", { ...options, path: "/elsewhere" }),
    io("http://shared:2/f", options),
  ];
  assert.equal(new Set([one, ...others].map((socket) => socket.io)).size, 6);
  for (const socket of [one, two, ...others]) socket.disconnect();
  assert.ok(wires.every((wire) => wire.closed));
});

test("io with autoConnect false waits for connect", () => {
  const wires: Wire[] = [];
  const socket = io("http://lazy", { transports: [fakeTransport("websocket", wires)], autoConnect: false });
  assert.deepEqual([wires.length, socket.active], [0, false]);
  socket.open();
  accept(last(wires), "s");
  assert.equal(socket.connected, true);
  socket.close();
});

test("the address's query goes with each request, beside the option's", () => {
  const wires: Wire[] = [];
  const socket = io("http://q/?a=1", { transports: [fakeTransport("websocket", wires)], query: { b: "2" } });
  const { searchParams } = new URL(last(wires).link.url("ws"));
  assert.deepEqual([searchParams.get("a"), searchParams.get("b")], ["1", "2"]);
  socket.disconnect();
});
