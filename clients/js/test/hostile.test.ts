// Servers that are broken or mean to harm, over a real wire: each gives the documented error and leaves nothing behind.

import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import type { TransportFactory } from "../src/node.js";
import { Fetch, Manager, type ManagerOptions, XHR } from "../src/node.js";
import { OPEN } from "./support/fake.js";
import { serve } from "./support/server.js";

const SHAKE = `0${JSON.stringify(OPEN)}`;

/** The timers that keep this process alive. */
function timers(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout");
}

/** Connects once and gives what the manager said until that was over. */
async function attempt(address: string, options: ManagerOptions): Promise<string[]> {
  const log: string[] = [];
  const manager = new Manager(address, { reconnection: false, ...options });
  const socket = manager.socket("/");
  await new Promise<void>((resolve) => {
    manager.on("error", (error) => {
      log.push(`error ${error.message}`);
      if (!log.includes("open")) resolve();
    });
    manager.on("open", () => log.push("open"));
    manager.on("close", (reason) => {
      log.push(`close ${reason}`);
      resolve();
    });
  });
  socket.on("connect", () => assert.fail("was over"));
  assert.equal(manager.engine?.readyState, "closed");
  return log;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** The first request gets `first`, those of the session get `then`. */
function polling(first: string, then: Handler = () => {}): Handler {
  return (request, response) => {
    if (request.url?.includes("sid=")) then(request, response);
    else response.end(first);
  };
}

const TABLE: [name: string, handler: Handler, expected: string[]][] = [
  ["an error status", (_, response) => response.writeHead(400).end('{"code":3}'), ["error read error"]],
  ["no HTTP at all", (request) => request.socket.end("hello\r\n"), ["error read error"]],
  ["a connection that is cut", (request) => request.socket.destroy(), ["error read error"]],
  ["an empty body", polling(""), ["error server error"]],
  ["a page of another kind", polling("<html>"), ["error server error"]],
  ["bad JSON in the open packet", polling('0{"sid":"x"'), ["error server error"]],
  ["an open packet without a session id", polling('0{"pingInterval":1,"pingTimeout":1}'), ["error server error"]],
  ["another packet first", polling("42[1]"), ["error server error"]],
  [
    "a session the server does not know afterwards",
    polling(SHAKE, (request, response) => {
      if (request.method === "GET") response.writeHead(400).end('{"code":1}');
    }),
    ["open", "error read error", "close transport error"],
  ],
  [
    "a POST that is refused",
    polling(SHAKE, (request, response) => {
      if (request.method === "POST") response.writeHead(413).end();
    }),
    ["open", "error write error", "close transport error"],
  ],
  ["a second handshake", polling(`${SHAKE}\x1e${SHAKE}`), ["open", "error server error", "close transport error"]],
  ["an unknown packet type", polling(`${SHAKE}\x1e9`), ["open", "error server error", "close transport error"]],
  ["bad base64", polling(`${SHAKE}\x1eb!!!`), ["open", "error server error", "close transport error"]],
  ["bytes that no packet announced", polling(`${SHAKE}\x1ebAQID`), ["open", "close parse error"]],
  ["bad JSON in an event", polling(`${SHAKE}\x1e42[`), ["open", "close parse error"]],
  ["attachments without end", polling(`${SHAKE}\x1e4599999-["x"]`), ["open", "close parse error"]],
  [
    "a placeholder that reaches for a method",
    polling(`${SHAKE}\x1e451-["x",{"_placeholder":true,"num":"splice"}]`),
    ["open", "close parse error"],
  ],
  ["its own close", polling(`${SHAKE}\x1e1`), ["open", "close transport close"]],
];

/** Polling in each of its kinds, and what its errors are called. */
const KINDS: [name: string, transport: TransportFactory, read: string, write: string][] = [
  ["fetch", Fetch, "fetch read error", "fetch write error"],
  ["node:http", XHR, "xhr poll error", "xhr post error"],
];

for (const [kind, transport, readError, writeError] of KINDS) {
  for (const [name, handler, told] of TABLE) {
    const expected = told.map((line) => line.replace("read error", readError).replace("write error", writeError));
    test(`polling by ${kind}: ${name}`, async () => {
      const { address, close } = await serve(handler);
      const before = timers();
      assert.deepEqual(await attempt(address, { transports: [transport] }), expected);
      await close();
      assert.deepEqual(timers(), before);
    });
  }

  test(`polling by ${kind}: a first response without end is cut off at its limit, long before the timeout`, async () => {
    let sent = 0;
    const { address, close } = await serve((_, response) => {
      const chunk = "4".repeat(65_536);
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on("drain", more);
      more();
    });
    assert.deepEqual(await attempt(address, { transports: [transport], timeout: false }), [`error ${readError}`]);
    assert.ok(sent < 32_000_000, `${sent} bytes were taken`);
    await close();
  });
}

test("a server that never answers is given up after the timeout", async () => {
  const { address, close } = await serve(() => {});
  assert.deepEqual(await attempt(address, { transports: ["polling"], timeout: 50 }), ["error timeout"]);
  await close();
});

test("nobody listens", async () => {
  const { address, close } = await serve(() => {});
  await close();
  assert.deepEqual(await attempt(address, { transports: ["polling"] }), ["error xhr poll error"]);
  assert.deepEqual(await attempt(address, { transports: ["websocket"] }), ["error websocket error"]);
});

for (const [name, messages, expected] of [
  ["another packet first", ["42[1]"], ["error server error"]],
  ["an empty message", [""], ["error server error"]],
  ["bytes first", [new Uint8Array([1])], ["error server error"]],
  ["bad JSON in the open packet", ["0[1"], ["error server error"]],
  ["an unknown packet type", [SHAKE, "9"], ["open", "error server error", "close transport error"]],
  ["bytes that no packet announced", [SHAKE, new Uint8Array([1])], ["open", "close parse error"]],
  [
    "text while bytes are awaited",
    [SHAKE, '451-["x",{"_placeholder":true,"num":0}]', '42["x"]'],
    ["open", "close parse error"],
  ],
] as [string, (string | Uint8Array)[], string[]][]) {
  test(`over WebSocket: ${name}`, async () => {
    const { server, address, close } = await serve(() => {});
    const sockets = new WebSocketServer({ server });
    sockets.on("connection", (socket) => {
      for (const message of messages) socket.send(message);
    });
    assert.deepEqual(await attempt(address, { transports: ["websocket"] }), expected);
    await close();
  });
}

test("over WebSocket: a refused handshake, and one that is closed before the open packet", async () => {
  const { server, address, close } = await serve(() => {});
  server.once("upgrade", (_, socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  assert.deepEqual(await attempt(address, { transports: ["websocket"] }), ["error websocket error"]);
  new WebSocketServer({ server }).on("connection", (socket) => socket.close());
  assert.deepEqual(await attempt(address, { transports: ["websocket"] }), ["error transport close"]);
  await close();
});

test("the client tells the server that it leaves, and then lets go of the parked request", async () => {
  let parked: ServerResponse | undefined;
  const posts: string[] = [];
  let told: () => void;
  const left = new Promise<void>((resolve) => {
    told = resolve;
  });
  const { address, close } = await serve(
    polling(SHAKE, (request, response) => {
      if (request.method === "GET") {
        parked = response;
        return;
      }
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        posts.push(body);
        if (body === "1") {
          assert.equal(parked?.destroyed, false);
          parked.on("close", told);
        }
        response.end("ok");
      });
    }),
  );
  const manager = new Manager(address, { transports: ["polling"] });
  await new Promise<void>((resolve) => manager.on("open", resolve));
  manager.socket("/");
  manager._close();
  await left;
  assert.deepEqual(posts, ["40", "1"]);
  await close();
});
