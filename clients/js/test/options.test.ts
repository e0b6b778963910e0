// Options of the manager and the session, and what the page says.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Session } from "../src/engine/session.js";
import { io, Manager, type ManagerOptions, type TransportFactory } from "../src/node.js";
import { fakeTransport, last, settle, type Wire } from "./support/fake.js";

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  mock.method(Math, "random", () => 0.5);
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
  Session.priorWebsocketSuccess = false;
});

function both(wires: Wire[]): TransportFactory[] {
  return [fakeTransport("polling", wires, { pausable: true }), fakeTransport("websocket", wires)];
}

function setUp(options: ManagerOptions = {}) {
  const wires: Wire[] = [];
  const manager = new Manager("http://host", { transports: [fakeTransport("websocket", wires)], ...options });
  return { manager, wires, wire: () => last(wires) };
}

/** Where a page or worker would have its events. */
function page() {
  const events = new EventTarget();
  const { addEventListener, removeEventListener } = globalThis;
  Object.assign(globalThis, {
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
  });
  const leave = () => Object.assign(globalThis, { addEventListener, removeEventListener });
  return { says: (name: string) => events.dispatchEvent(new Event(name)), leave };
}

test("settings have the official defaults, and each can be read and changed", () => {
  const { manager } = setUp({ autoConnect: false });
  assert.deepEqual(
    [
      manager.reconnection(),
      manager.reconnectionAttempts(),
      manager.reconnectionDelay(),
      manager.reconnectionDelayMax(),
      manager.randomizationFactor(),
      manager.timeout(),
    ],
    [true, Number.POSITIVE_INFINITY, 1000, 5000, 0.5, 20_000],
  );
  manager.reconnectionAttempts(3).reconnectionDelay(10).reconnectionDelayMax(20).randomizationFactor(0).timeout(false);
  assert.deepEqual(
    [
      manager.reconnectionAttempts(),
      manager.reconnectionDelay(),
      manager.reconnectionDelayMax(),
      manager.randomizationFactor(),
      manager.timeout(),
      manager.reconnection(false).reconnection(),
    ],
    [3, 10, 20, 0, false, false],
  );
  const zeros = new Manager("http://host", { autoConnect: false, reconnectionAttempts: 0, reconnectionDelay: 0 });
  assert.deepEqual([zeros.reconnectionAttempts(), zeros.reconnectionDelay()], [Number.POSITIVE_INFINITY, 1000]);
});

test("a setting that is changed counts from the next delay on", () => {
  const { manager, wires, wire } = setUp();
  wire().shakes();
  manager.reconnectionDelay(10);
  wire().link.closed({ description: "gone" });
  mock.timers.tick(10);
  assert.equal(wires.length, 2);
  manager.reconnection(false);
  wire().link.failed("no");
  mock.timers.tick(60_000);
  assert.equal(wires.length, 2);
});

test("with tryAllTransports one that cannot connect is followed by the next", () => {
  const wires: Wire[] = [];
  const errors: string[] = [];
  const manager = new Manager("http://host", { transports: both(wires), tryAllTransports: true });
  manager.on("error", (error) => errors.push(error.message));
  last(wires).link.failed("xhr poll error");
  assert.deepEqual([wires.length, wires[0]?.closed, last(wires).name], [2, true, "websocket"]);
  last(wires).link.failed("websocket error");
  assert.deepEqual(errors, ["websocket error"]);
  manager._close();
});

test("with rememberUpgrade a session begins with what the last one could move to", () => {
  const wires: Wire[] = [];
  const start = () => new Session("http://host", { transports: ["polling", "websocket"], rememberUpgrade: true });
  Session.priorWebsocketSuccess = true;
  const remembered = start();
  assert.equal(remembered.transport.name, "websocket");
  remembered.close();
  Session.priorWebsocketSuccess = false;
  const usual = start();
  assert.equal(usual.transport.name, "polling");
  usual.close();
  assert.equal(wires.length, 0);
});

test("no transport that exists here is an error, not an exception", async () => {
  const manager = new Manager("http://host", { transports: ["webtransport"], reconnection: false });
  const errors: string[] = [];
  manager.on("error", (error) => errors.push(error.message));
  await settle();
  assert.deepEqual(errors, ["No transports available"]);
});

test("transport implementations go before names, and have options of their own", () => {
  const wires: Wire[] = [];
  const manager = new Manager("http://host", {
    transports: ["polling"],
    transportImplementations: [fakeTransport("websocket", wires)],
    extraHeaders: { a: "1" },
    transportOptions: { websocket: { extraHeaders: { b: "2" } } },
  });
  assert.deepEqual(last(wires).link.options.extraHeaders, { b: "2" });
  manager._close();
});

test("path, query and timestamp are as the options say", () => {
  const url = (options: ManagerOptions, scheme: "http" | "ws" = "ws") => {
    const { manager, wire } = setUp(options);
    const found = wire().link.url(scheme);
    manager._close();
    return found;
  };
  assert.equal(url({}), "ws://host:80/socket.io/?EIO=4&transport=websocket");
  assert.equal(url({ path: "/p/", addTrailingSlash: false }), "ws://host:80/p?EIO=4&transport=websocket");
  assert.equal(url({ query: { a: 1, b: true } }), "ws://host:80/socket.io/?a=1&b=true&EIO=4&transport=websocket");
  assert.equal(url({ query: "a=%26" }), "ws://host:80/socket.io/?a=%26&EIO=4&transport=websocket");
  assert.match(url({ forceBase64: true }), /&b64=1$/);
  assert.match(url({ timestampRequests: true, timestampParam: "now" }), /&now=\w+$/);
  assert.match(url({}, "http"), /^http:.*&t=\w+$/);
  assert.doesNotMatch(url({ timestampRequests: false }, "http"), /&t=/);
});

test("a host may come from the options", () => {
  const session = new Session(undefined, { hostname: "h", port: 3000, secure: true });
  assert.deepEqual([session.hostname, session.port, session.secure], ["h", "3000", true]);
  assert.match(session.transport.name, /polling/);
  session.close();
});

test("early, CONNECT is sent before the handshake, and only once", () => {
  const { manager, wire } = setUp({ earlyConnect: true, autoConnect: false });
  const socket = manager.socket("/", { auth: { token: 1 } });
  socket.connect();
  assert.deepEqual(wire().take(), ['40{"token":1}']);
  wire().shakes();
  assert.deepEqual(wire().take(), []);
  wire().says('40{"sid":"s"}');
  assert.equal(socket.connected, true);
  wire().link.closed({ description: "gone" });
  mock.timers.tick(1000);
  assert.deepEqual(wire().take(), ['40{"token":1}']);
  wire().link.failed("no");
  mock.timers.tick(2000);
  assert.deepEqual(wire().take(), ['40{"token":1}']);
  socket.disconnect();
});

test("offline ends the session, but not one to this machine; online does not wait for the timer", () => {
  const { says, leave } = page();
  try {
    const { manager, wires, wire } = setUp();
    const ends: unknown[] = [];
    manager.on("close", (reason, details) => ends.push(reason, (details as { description: string }).description));
    wire().shakes();
    says("offline");
    assert.deepEqual(ends, ["transport close", "network connection lost"]);
    mock.timers.tick(1);
    says("online");
    assert.equal(wires.length, 2);
    // The timer is gone with it.
    mock.timers.tick(10_000);
    says("online");
    assert.equal(wires.length, 2);
    wire().link.failed("no");
    manager._close();
    says("online");
    mock.timers.tick(10_000);
    assert.equal(wires.length, 2);

    const local = new Session("http://localhost", { transports: [fakeTransport("websocket", wires)] });
    wire().shakes();
    says("offline");
    assert.equal(local.readyState, "open");
    local.close();
  } finally {
    leave();
  }
});

test("closeOnBeforeunload tells the server and nobody else", () => {
  const { says, leave } = page();
  try {
    const { manager, wire } = setUp({ closeOnBeforeunload: true });
    wire().shakes();
    manager.on("close", () => assert.fail("told"));
    says("beforeunload");
    assert.equal(wire().closed, true);
    const other = setUp();
    other.wire().shakes();
    says("beforeunload");
    assert.equal(other.wire().closed, false);
    other.manager._close();
  } finally {
    leave();
  }
});

test("native timers go on where a test has replaced the global ones", async () => {
  const { manager, wire } = setUp({ useNativeTimers: true, timeout: 5 });
  await new Promise<void>((resolve) => {
    manager.on("error", (error) => {
      assert.equal(error.message, "timeout");
      resolve();
    });
    mock.timers.tick(60_000);
    assert.equal(wire().closed, false);
  });
  manager._close();
});

test("connect_error has what the transport says", () => {
  const { manager, wire } = setUp();
  const socket = manager.socket("/");
  let seen: unknown;
  socket.on("connect_error", ({ message, type, description, context, status, body }) => {
    seen = { message, type, description, context, status, body };
  });
  wire().link.failed("xhr poll error", { description: 403, status: 403, body: "no", context: 1 });
  assert.deepEqual(seen, {
    message: "xhr poll error",
    type: "TransportError",
    description: 403,
    context: 1,
    status: 403,
    body: "no",
  });
  manager._close();
});

test("events of the session come in the official order", () => {
  const { manager, wire } = setUp();
  const log: string[] = [];
  const events = "open handshake packet packetCreate data message heartbeat ping pong flush drain close".split(" ");
  for (const event of events) manager.engine?.on(event as "open", () => log.push(event));
  wire().shakes();
  wire().says("2");
  wire().says('42["x"]');
  assert.equal(
    log.join(" "),
    "packet heartbeat handshake open packet heartbeat packetCreate drain flush ping pong packet heartbeat data message",
  );
  manager._close();
});

test("io has the rest of the package on it", () => {
  assert.equal(io.connect, io);
  assert.equal(io.Manager, Manager);
});
