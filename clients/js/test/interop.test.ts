// Against the official server, over real connections: the sources, and each of the shipped files.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { Server, type ServerOptions } from "socket.io";
import * as msgpack from "socket.io-msgpack-parser";
import WebSocket from "ws";
import * as source from "../src/node.js";
import { listen } from "./support/server.js";

type Client = typeof source;

// What browsers have and Node 20 has not.
Object.assign(globalThis, { WebSocket });

async function fromModule(name: string): Promise<Client> {
  return import(pathToFileURL(join("dist", name)).href);
}

/** A script, loaded the way CommonJS loads one. */
async function fromScript(name: string): Promise<Client> {
  const module = { exports: {} };
  const code = readFileSync(join("dist", name), "utf8");
  new Function("module", "exports", "require", code)(module, module.exports, createRequire(import.meta.url));
  return module.exports as Client;
}

const CLIENTS: [name: string, load: () => Promise<Client>, server?: Partial<ServerOptions>][] = [
  ["src", async () => source],
  ["socket.io.esm.min.js", () => fromModule("socket.io.esm.min.js")],
  ["socket.io.min.js", () => fromScript("socket.io.min.js")],
  ["socket.io.js", () => fromScript("socket.io.js")],
  ["node.js", () => fromModule("node.js")],
  ["node.cjs", () => fromScript("node.cjs")],
  ["node-msgpack.js", () => fromModule("node-msgpack.js"), { parser: msgpack }],
  ["socket.io.msgpack.min.js", () => fromScript("socket.io.msgpack.min.js"), { parser: msgpack }],
];

const WAYS: [name: string, options: source.Options][] = [
  ["polling", { transports: ["polling"] }],
  ["websocket", { transports: ["websocket"] }],
  ["upgrade", {}],
];

/** The next time that an event fires, and its arguments. */
function next<T extends unknown[]>(
  emitter: { once(event: never, listener: (...args: never[]) => void): unknown },
  event: string,
): Promise<T> {
  return new Promise((resolve) => emitter.once(event as never, (...args: unknown[]) => resolve(args as T)));
}

interface Peer {
  io: Server;
  address: string;
  http: HttpServer;
}

async function startServer(options: Partial<ServerOptions> = {}, port?: number): Promise<Peer> {
  const http = createServer();
  const io = new Server(http, options);
  const address = await listen(http, port);
  io.on("connection", (socket) => {
    socket.emit("auth", socket.handshake.auth);
    socket.on("echo", (...args) => {
      const answer = args.at(-1);
      if (typeof answer === "function") answer(...args.slice(0, -1));
      else socket.emit("echo", ...args);
    });
    socket.on("ask me", async () => {
      const answers = await socket.timeout(5000).emitWithAck("question", 1, Buffer.from([1]));
      socket.emit("answered", answers);
    });
    socket.on("leave me", () => socket.disconnect());
  });
  io.of("/members").use((socket, proceed) => {
    if (socket.handshake.auth.token === "secret") proceed();
    else proceed(Object.assign(new Error("not a member"), { data: { code: 7 } }));
  });
  io.of("/members").on("connection", (socket) => socket.emit("welcome", socket.nsp.name));
  return { io, address, http };
}

function stop({ io, http }: Peer): Promise<void> {
  return new Promise((resolve) => {
    io.close(() => resolve());
    http.closeAllConnections();
  });
}

for (const [clientName, load, serverOptions] of CLIENTS) {
  for (const [way, wayOptions] of WAYS) {
    const options: source.Options = { ...wayOptions, forceNew: true };

    test(`${clientName}, ${way}: events, acks both ways, bytes, auth`, async () => {
      const { io } = await load();
      const server = await startServer(serverOptions);
      const socket = io(server.address, { ...options, auth: { token: "é" } });
      const auth = next(socket, "auth");
      await next(socket, "connect");
      assert.equal(socket.id?.length, 20);
      assert.deepEqual(await auth, [{ token: "é" }]);
      if (way === "upgrade" && socket.io.engine?.transport.name !== "websocket") {
        await next(socket.io.engine as source.Session, "upgrade");
      }
      assert.equal(socket.io.engine?.transport.name, way === "polling" ? "polling" : "websocket");

      const values = [1, "\u2028\ud83d\ude00\x1e", null, { a: [true, { b: 0.5 }] }];
      socket.emit("echo", ...values);
      assert.deepEqual(await next(socket, "echo"), values);
      assert.deepEqual(await socket.emitWithAck("echo", "x"), "x");

      const bytes = Uint8Array.from([0, 1, 127, 128, 255]);
      const sent = {
        list: [bytes, { view: new DataView(bytes.buffer, 1, 2) }],
        // Its bytes come too late for MessagePack.
        blob: serverOptions ? bytes : new Blob([bytes]),
        empty: new ArrayBuffer(0),
      };
      const back = (await socket.timeout(5000).emitWithAck("echo", sent)) as {
        list: [ArrayBuffer, { view: ArrayBuffer }];
        blob: ArrayBuffer;
        empty: ArrayBuffer;
      };
      assert.deepEqual(
        [back.list[0], back.list[1].view, back.blob, back.empty].map((buffer) => [...new Uint8Array(buffer)]),
        [[...bytes], [1, 127], [...bytes], []],
      );
      // What bytes are on this platform.
      assert.equal(Buffer.isBuffer(back.blob), /^(src|node)/.test(clientName));

      socket.on("question", (number: number, data: ArrayBuffer, answer: (...args: unknown[]) => void) =>
        answer({ number, data: new Uint8Array(data) }),
      );
      socket.emit("ask me");
      const [answered] = await next<[{ number: number; data: ArrayBuffer }]>(socket, "answered");
      assert.deepEqual([answered.number, [...new Uint8Array(answered.data)]], [1, [1]]);

      const left = next(socket, "disconnect");
      socket.emit("leave me");
      assert.deepEqual(await left, ["io server disconnect", undefined]);
      await stop(server);
    });

    test(`${clientName}, ${way}: namespaces, and one that is refused`, async () => {
      const { io } = await load();
      const server = await startServer(serverOptions);
      const main = io(server.address, options);
      await next(main, "connect");
      const members = main.io.socket("/members", { auth: { token: "secret" } });
      assert.deepEqual(await next(members, "welcome"), ["/members"]);
      const nowhere = main.io.socket("/nowhere");
      const [invalid] = await next<[Error]>(nowhere, "connect_error");
      assert.equal(invalid.message, "Invalid namespace");
      assert.deepEqual([main.connected, members.connected, nowhere.active], [true, true, false]);
      main.disconnect();
      members.disconnect();

      const refused = io(`${server.address}/members`, options);
      const [refusal] = await next<[source.ConnectError]>(refused, "connect_error");
      assert.deepEqual([refusal.message, refusal.data], ["not a member", { code: 7 }]);
      assert.equal(refused.active, false);
      await stop(server);
    });

    test(`${clientName}, ${way}: comes back when the server does, with what was emitted meanwhile`, async () => {
      const { io } = await load();
      const first = await startServer(serverOptions);
      const socket = io(first.address, { ...options, reconnectionDelay: 10, reconnectionDelayMax: 20 });
      await next(socket, "connect");
      const gone = next(socket, "disconnect");
      await stop(first);
      assert.match(String((await gone)[0]), /^transport (close|error)$/);
      const failed = next(socket.io, "reconnect_error");
      const answer = socket.emitWithAck("echo", "kept");
      await failed;
      const reconnected = next(socket.io, "reconnect");
      const second = await startServer(serverOptions, Number(new URL(first.address).port));
      assert.equal(await answer, "kept");
      assert.ok(Number((await reconnected)[0]) >= 1);
      socket.disconnect();
      await stop(second);
    });
  }
}

test("nothing is lost, doubled or reordered while both sides send through an upgrade", async () => {
  const over = { polling: 0, websocket: 0 };
  for (let round = 0; round < 20; round++) {
    const server = await startServer();
    const fromClient: number[] = [];
    const count = 400;
    // The WebSocket is let in when a part, another one each round, has gone over polling.
    let letIn = () => {};
    const gate = new Promise<void>((resolve) => {
      letIn = resolve;
    });
    const [upgrade] = server.http.listeners("upgrade") as ((...args: unknown[]) => void)[];
    server.http.removeAllListeners("upgrade");
    server.http.on("upgrade", (...args) => gate.then(() => upgrade?.call(server.http, ...args)));
    const done = new Promise<void>((resolve) => {
      server.io.on("connection", (socket) => {
        let sent = 0;
        // One more for each that arrives, so that both directions are busy all the time.
        socket.on("n", (n) => {
          fromClient.push(n);
          if (n === 50 + 10 * round) letIn();
          socket.emit("n", sent++);
          if (n === count - 1) resolve();
        });
      });
    });
    const socket = source.io(server.address, { forceNew: true });
    const fromServer: number[] = [];
    let sent = 0;
    const upgraded = next(socket.io.engine as source.Session, "upgrade");
    const all = new Promise<void>((resolve) => {
      socket.on("n", (n: number) => {
        fromServer.push(n);
        if (n === count - 1) resolve();
      });
    });
    await next(socket, "connect");
    while (sent < count) {
      over[socket.io.engine?.transport.name as keyof typeof over]++;
      for (let burst = 0; burst < 5 && sent < count; burst++) socket.emit("n", sent++);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all([done, all, upgraded]);
    const expected = Array.from({ length: count }, (_, n) => n);
    assert.deepEqual(fromClient, expected);
    assert.deepEqual(fromServer, expected);
    socket.disconnect();
    await stop(server);
  }
  assert.ok(over.polling > 0 && over.websocket > 0, `both transports had their share: ${JSON.stringify(over)}`);
});

test("POST bodies stay below what the server announces", async () => {
  const server = await startServer({ maxHttpBufferSize: 1000 });
  const socket = source.io(server.address, { transports: ["polling"], forceNew: true });
  await next(socket, "connect");
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) => socket.emitWithAck("echo", `${n}${"é".repeat(50)}`)),
  );
  assert.equal(answers.length, 100);
  assert.equal(socket.connected, true);
  socket.disconnect();
  await stop(server);
});

test("headers and query reach the server over both transports", async () => {
  const server = await startServer();
  for (const transport of ["polling", "websocket"] as const) {
    const seen = next<[{ handshake: { headers: Record<string, string>; query: Record<string, string> } }]>(
      server.io,
      "connection",
    );
    const socket = source.io(`${server.address}/?a=%26`, {
      transports: [transport],
      forceNew: true,
      extraHeaders: { "x-test": "1" },
      query: { "&b": "= ?" },
    });
    const [{ handshake }] = await seen;
    assert.deepEqual([handshake.headers["x-test"], handshake.query.a, handshake.query["&b"]], ["1", "&", "= ?"]);
    assert.equal(handshake.query.transport, transport);
    socket.disconnect();
  }
  await stop(server);
});

test("a server that pings keeps the connection, over both transports", async () => {
  const server = await startServer({ pingInterval: 20, pingTimeout: 400 });
  for (const transport of ["polling", "websocket"] as const) {
    const socket = source.io(server.address, { transports: [transport], forceNew: true });
    for (let ping = 0; ping < 5; ping++) await next(socket.io, "ping");
    assert.equal(socket.connected, true);
    socket.disconnect();
  }
  await stop(server);
});
