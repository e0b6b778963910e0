// The transports of Node over real connections: what only they can do, and servers that mean to harm them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer, type Server, type Socket as TcpSocket } from "node:net";
import { test } from "node:test";
import { Server as OfficialServer } from "socket.io";
import { WebSocketServer } from "ws";
import { Session } from "../src/engine/session.js";
import { io, Manager, type ManagerOptions, XHR } from "../src/node.js";
import { OPEN } from "./support/fake.js";
import { listen, serve } from "./support/server.js";
import { vectors } from "./support/vectors.js";

const SHAKE = `0${JSON.stringify(OPEN)}`;

/** A server that speaks bytes. */
async function raw(onConnection: (socket: TcpSocket) => void) {
  const sockets = new Set<TcpSocket>();
  const server: Server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** The answer to the request of a WebSocket. */
function accept(request: string): string {
  const [, key] = /sec-websocket-key: (.*)\r\n/i.exec(request) ?? [];
  const hash = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${hash}\r\n\r\n`;
}

/** A text frame of a server, for less than 64 KiB. */
function text(message: string): Buffer {
  const head = message.length < 126 ? [0x81, message.length] : [0x81, 126, message.length >> 8, message.length & 255];
  return Buffer.concat([Buffer.from(head), Buffer.from(message)]);
}

/** A server that does `then` once it has accepted a WebSocket. */
function accepting(then: (socket: TcpSocket) => void) {
  return raw((socket) => {
    socket.once("data", (request) => {
      socket.write(accept(request.toString()));
      then(socket);
    });
  });
}

async function errorOf(address: string, options: ManagerOptions): Promise<Error & { status?: number; body?: string }> {
  const manager = new Manager(address, { reconnection: false, ...options });
  const error = await new Promise<Error>((resolve) => {
    manager.on("error", resolve);
    manager.on("close", (_, details) => resolve(details as Error));
  });
  assert.equal(manager.engine?.readyState, "closed");
  return error;
}

/** How much more memory there is after `run`. */
async function growth(run: () => Promise<unknown>): Promise<number> {
  const { rss: before } = process.memoryUsage();
  await run();
  return process.memoryUsage().rss - before;
}

const websocket: ManagerOptions = { transports: ["websocket"] };

test("an endless head of an answer is an error, over both transports", async () => {
  for (const transports of [["polling"], ["websocket"]] as ManagerOptions["transports"][]) {
    const { address, close } = await raw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      const more = () => {
        while (socket.writable && socket.write(`x-header: ${"x".repeat(1000)}\r\n`));
      };
      socket.on("drain", more);
      more();
    });
    let error: Error | undefined;
    const grown = await growth(async () => {
      error = await errorOf(address, { transports: transports as [] });
    });
    assert.match(String(error?.message), /^(xhr poll|websocket) error$/);
    assert.ok(grown < 16_000_000, `${grown} bytes`);
    await close();
  }
});

for (const [name, frames] of [
  ["a frame of 2^40 bytes, announced", [Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0])]],
  ["a first message of more than a handshake may have", [Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x41])]],
  ["a masked frame", [Buffer.from([0x81, 0x80, 1, 2, 3, 4])]],
  ["a text that is not UTF-8", [Buffer.from([0x81, 1, 0xff])]],
  ["compression that was not agreed on", [Buffer.from([0xc1, 1, 0])]],
] as [string, Buffer[]][]) {
  test(`over WebSocket: ${name} is an error at once`, async () => {
    const { address, close } = await accepting((socket) => {
      for (const frame of frames) socket.write(frame);
    });
    const error = await errorOf(address, { ...websocket, timeout: false });
    assert.equal(error.message, "websocket error");
    await close();
  });
}

test("over WebSocket: fragments without end are cut off, before any handshake and after it", async () => {
  for (const greeting of [Buffer.alloc(0), text(SHAKE)]) {
    const { address, close } = await accepting((socket) => {
      socket.write(greeting);
      const fragments = Buffer.concat(new Array(1000).fill(Buffer.from([0x00, 1, 65])));
      socket.write(Buffer.from([0x02, 1, 65]));
      const more = () => {
        while (socket.writable && socket.write(fragments));
      };
      socket.on("drain", more);
      more();
    });
    assert.match((await errorOf(address, { ...websocket, timeout: false })).message, /websocket error/);
    await close();
  }
});

test("over WebSocket: silence after the handshake ends with the ping watch", async () => {
  const { address, close } = await accepting((socket) =>
    socket.write(text(`0${JSON.stringify({ ...OPEN, pingInterval: 20, pingTimeout: 20 })}`)),
  );
  const manager = new Manager(address, { ...websocket, reconnection: false });
  const reason = await new Promise((resolve) => manager.on("close", resolve));
  assert.equal(reason, "ping timeout");
  await close();
});

test("over WebSocket: an answer that is no upgrade tells its status and its body", async () => {
  const { address, close } = await serve((_, response) => response.writeHead(200).end("<html>"));
  const error = await errorOf(address, websocket);
  assert.deepEqual([error.message, error.status, error.body], ["websocket error", 200, "<html>"]);
  await close();
  const wrong = await raw((socket) => {
    socket.once("data", () => socket.write(accept("sec-websocket-key: other\r\n")));
  });
  assert.match(String((await errorOf(wrong.address, websocket)).message), /websocket error/);
  await wrong.close();
});

test("over polling: an error tells status and body", async () => {
  const { address, close } = await serve((_, response) =>
    response.writeHead(400).end('{"code":1,"message":"Session ID unknown"}'),
  );
  const error = await errorOf(address, { transports: ["polling"] });
  assert.deepEqual(
    [error.message, error.status, error.body],
    ["xhr poll error", 400, '{"code":1,"message":"Session ID unknown"}'],
  );
  await close();
});

test("a redirect is not followed, so no cookie or token goes to another host", async () => {
  let asked = 0;
  const other = await serve((_, response) => {
    asked++;
    response.end(SHAKE);
  });
  const { address, server, close } = await serve((_, response) => {
    response.writeHead(302, { location: other.address, "set-cookie": "secret=1" }).end();
  });
  server.on("upgrade", (_, socket) => socket.end(`HTTP/1.1 302 Found\r\nLocation: ${other.address}\r\n\r\n`));
  for (const transports of [["polling"], ["websocket"]] as ["polling"][]) {
    const error = await errorOf(address, { transports, withCredentials: true, extraHeaders: { authorization: "t" } });
    assert.equal(error.status, 302);
  }
  assert.equal(asked, 0);
  await other.close();
  await close();
});

test("with withCredentials the server's cookies come back, over both transports and in the next session", async () => {
  const http = createServer();
  const server = new OfficialServer(http);
  const address = await listen(http);
  const seen: (string | undefined)[] = [];
  server.engine.on("initial_headers", (headers: Record<string, string | string[]>) => {
    headers["set-cookie"] = ["a=1; Max-Age=86400", "b=2; Path=/; HttpOnly"];
  });
  server.engine.on("headers", (_: object, request: { headers: { cookie?: string } }) =>
    seen.push(request.headers.cookie),
  );
  const socket = io(address, { withCredentials: true, forceNew: true, reconnectionDelay: 1 });
  await new Promise<void>((resolve) => socket.io.engine?.on("upgrade", () => resolve()));
  assert.equal(seen[0], undefined);
  assert.deepEqual([...new Set(seen.slice(1))], ["a=1; b=2"]);
  seen.length = 0;
  socket.io.engine?.close();
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  assert.equal(seen[0], "a=1; b=2");
  socket.disconnect();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

interface EarlyVector {
  name: string;
  nsp: string;
  auth?: Record<string, unknown>;
  packet: string;
  answer: string;
}

for (const { name, nsp, auth, packet, answer } of vectors<{ vectors: EarlyVector[] }>("early").vectors) {
  test(`early, CONNECT is in the same segment as the request of the WebSocket: ${name}`, async () => {
    let first: Buffer | undefined;
    const { address, close } = await raw((socket) => {
      socket.once("data", (bytes) => {
        first = bytes;
        const [head = ""] = bytes.toString("latin1").split("\r\n\r\n");
        socket.write(Buffer.concat([Buffer.from(accept(`${head}\r\n`)), text(SHAKE), text(`${answer}"s"}`)]));
      });
    });
    const options = { ...websocket, earlyConnect: true, forceNew: true, ...(auth && { auth }) };
    const socket = io(`${address}${nsp}`, options);
    await new Promise<void>((resolve) => socket.on("connect", () => resolve()));
    const bytes = first as Buffer;
    const frame = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
    const mask = frame.subarray(2, 6);
    const data = Buffer.from(frame.subarray(6).map((byte, at) => byte ^ (mask[at & 3] as number)));
    assert.deepEqual([frame[0], (frame[1] as number) & 127, data.toString()], [0x81, packet.length, packet]);
    socket.disconnect();
    await close();
  });
}

test("messages that pass the threshold are compressed where the server agrees, in both directions", async () => {
  const http = createServer();
  const server = new OfficialServer(http, { perMessageDeflate: { threshold: 100 } });
  const address = await listen(http);
  let extensions: unknown;
  server.on("connection", (socket) => {
    extensions = (socket.conn.transport as unknown as { socket: { extensions: string } }).socket.extensions;
    socket.on("echo", (value, answer) => answer(value));
  });
  const socket = io(address, { ...websocket, forceNew: true, perMessageDeflate: { threshold: 100 } });
  const value = { text: "é".repeat(50_000), bytes: Buffer.alloc(100_000, 7), short: "x" };
  assert.deepEqual(await socket.emitWithAck("echo", value), value);
  assert.match(String(extensions), /permessage-deflate/);
  socket.disconnect();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test("subprotocols, origin and headers are in the request of the WebSocket", async () => {
  const { server, address, close } = await serve(() => {});
  let seen: unknown;
  new WebSocketServer({ server, handleProtocols: () => "two" }).on("connection", (socket, { headers }) => {
    seen = [headers.origin, headers["x-a"], headers["sec-websocket-protocol"]];
    socket.send(SHAKE);
  });
  const session = new Session(address, {
    ...websocket,
    protocols: ["one", "two"],
    origin: "http://o",
    extraHeaders: { "x-a": "1" },
  });
  await new Promise<void>((resolve) => session.on("open", resolve));
  assert.deepEqual(seen, ["http://o", "1", "one, two"]);
  session.close();
  await new Promise<void>((resolve) => session.transport && setImmediate(resolve));
  await close();
});

test("bytes are Buffers, or ArrayBuffers when the session says so", async () => {
  const http = createServer();
  const server = new OfficialServer(http);
  const address = await listen(http);
  server.on("connection", (socket) => socket.on("give", (answer) => answer(Buffer.from([1, 2]))));
  for (const transports of [["polling"], ["websocket"]] as ["polling"][]) {
    const socket = io(address, { transports, forceNew: true });
    await new Promise<void>((resolve) => socket.on("connect", () => resolve()));
    assert.deepEqual(await socket.emitWithAck("give"), Buffer.from([1, 2]));
    Object.assign(socket.io.engine as Session, { binaryType: "arraybuffer" });
    assert.deepEqual(await socket.emitWithAck("give"), Uint8Array.of(1, 2).buffer);
    socket.disconnect();
  }
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test("Blobs and what comes behind them keep their order", async () => {
  const http = createServer();
  const server = new OfficialServer(http);
  const address = await listen(http);
  const heard: unknown[] = [];
  server.on("connection", (socket) => socket.onAny((...args) => heard.push(args)));
  const socket = io(address, { ...websocket, forceNew: true });
  await new Promise<void>((resolve) => socket.on("connect", () => resolve()));
  socket.emit("a", new Blob(["one"]), new Blob(["two"]));
  socket.emit("b", Buffer.from("three"));
  socket.emit("c");
  await new Promise<void>((resolve) => {
    for (const peer of server.sockets.sockets.values()) peer.on("c", () => resolve());
  });
  assert.deepEqual(heard, [["a", Buffer.from("one"), Buffer.from("two")], ["b", Buffer.from("three")], ["c"]]);
  socket.disconnect();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test("a request that takes too long fails", async () => {
  const { address, close } = await serve(() => {});
  const error = await errorOf(address, { transports: [XHR], requestTimeout: 20, timeout: false });
  assert.equal(error.message, "xhr poll error");
  await close();
});
