//! What happens to clients in a browser: networks that come and go, proxies that know no WebSocket, tabs that freeze, pages
//! that are loaded again, workers. The page is as in clients.mjs.

import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { io } from "socket.io-client";
import { once, until, within } from "../lib/await.mjs";
import { complaints } from "../lib/chromium.mjs";
import { Server } from "../lib/server.mjs";
import { prepare } from "./clients.mjs";

/** Quick and even, so that nobody waits. */
const RECONNECT = { reconnectionDelay: 20, reconnectionDelayMax: 50, randomizationFactor: 0, forceNew: true };

/** Runs every scenario with a client against servers of its own. */
export async function runNetwork(browser, command, client, runner) {
  const server = new Server(command, { SLOWPING: "1", CSR: "1" });
  await server.start();
  const hasty = new Server(command);
  await hasty.start();
  let heard = () => "";
  const scenario = (name, run, origin = server.origin) => {
    const withPage = async () => {
      const page = await browser.newPage();
      heard = complaints(page);
      try {
        await prepare(page, client, origin);
        await page.evaluate(prelude);
        await run(page, await page.context().newCDPSession(page));
      } finally {
        await page.close();
      }
    };
    return runner.scenario(`${client.name}: ${name}`, withPage, () => `${heard()}\nthe server wrote:\n${server.log}`);
  };

  const proxy = await withoutWebSocket(server.port);
  for (const [how, options] of [
    ["stays with polling", {}],
    ["falls back to polling", { transports: ["websocket", "polling"], tryAllTransports: true }],
  ]) {
    const run = async (page) => {
      await page.evaluate((options) => open(options), { ...RECONNECT, ...options });
      await within("the refused WebSocket", proxy.refused());
      assert.equal(await page.evaluate(() => call("message-with-ack", "through")), "through");
      assert.equal(await page.evaluate(() => socket.io.engine.transport.name), "polling");
    };
    await scenario(`where WebSockets are blocked it ${how}`, run, proxy.origin);
  }
  proxy.close();

  await scenario("offline it says so at once, and back online it returns with what was emitted meanwhile", async (page, devtools) => {
    await page.evaluate((options) => open(options), RECONNECT);
    await devtools.send("Network.enable");
    await network(devtools, "offline");
    const [reason, description] = await page.evaluate(() => next("disconnect"));
    assert.deepEqual([reason, description], ["transport close", "network connection lost"]);
    await page.evaluate(() => socket.emit("message", "from the tunnel"));
    await network(devtools, "online");
    assert.equal(await page.evaluate(first, "message-back"), "from the tunnel");
  });

  await scenario("a tab that slept for a minute notices at the next emit, and delivers it", async (page) => {
    await page.evaluate((options) => open(options), RECONNECT);
    // As in a suspended machine: the clock has gone on, the timers have not.
    await page.evaluate(() => {
      const { now } = Date;
      Date.now = () => now() + 60_000;
      socket.emit("message", "after a minute");
    });
    assert.equal((await page.evaluate(() => next("disconnect")))[0], "ping timeout");
    assert.equal(await page.evaluate(first, "message-back"), "after a minute");
  });

  await scenario("a tab that is frozen until the server gives it up returns when it thaws", async (page, devtools) => {
    await page.evaluate((options) => open(options), RECONNECT);
    // A headless tab does not freeze for being told to; a debugger stops it for certain.
    await devtools.send("Debugger.enable");
    await devtools.send("Debugger.pause");
    await until("the server to give the tab up", async () => (await health(hasty)).clients === 0);
    await devtools.send("Debugger.resume");
    await page.evaluate(() => next("disconnect"));
    assert.equal(await page.evaluate(() => call("message-with-ack", "thawed")), "thawed");
  }, hasty.origin);

  for (const transports of [["polling"], ["websocket"]]) {
    await scenario(`a page that is loaded again goes on with its session, ${transports}`, async (page) => {
      const options = { ...RECONNECT, transports };
      await page.evaluate((options) => open(options), options);
      const other = io(server.origin, { transports: ["websocket"] });
      try {
        await once(other, "connect");
        other.emit("broadcast", "before");
        assert.equal(await page.evaluate(first, "bcast"), "before");
        const session = await page.evaluate(() => ({ id: socket.id, _pid: socket._pid, _lastOffset: socket._lastOffset }));
        await page.goto("about:blank");
        const heard = once(other, "bcast");
        other.emit("broadcast", "meanwhile");
        await heard;
        await prepare(page, client, server.origin);
        await page.evaluate(prelude);
        const { id, recovered } = await page.evaluate(([options, session]) => open(options, session), [options, session]);
        assert.deepEqual([id, recovered], [session.id, true]);
        assert.equal(await page.evaluate(first, "bcast"), "meanwhile");
      } finally {
        other.disconnect();
      }
    });
  }

  await scenario("a worker has all of it: polling, the upgrade, bytes", async (page) => {
    const source = client.script.url ?? "/client.js";
    if (client.script.path) await page.route("**/client.js", (route) => route.fulfill({ path: client.script.path, contentType: "text/javascript" }));
    const answer = await page.evaluate((source) => new Promise((resolve, reject) => {
      const text = `
        importScripts("${location.origin}${source}");
        const socket = io("${location.origin}");
        socket.io.on("error", (error) => postMessage(["error", String(error)]));
        socket.on("connect", () => socket.io.engine.on("upgrade", (transport) =>
          socket.emit("message-with-ack", new Uint8Array([1, 2]), (bytes) =>
            postMessage([transport.name, ...new Uint8Array(bytes)]))));`;
      const worker = new Worker(URL.createObjectURL(new Blob([text])));
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    }), source);
    assert.deepEqual(answer, ["websocket", 1, 2]);
  });

  await server.kill();
  await hasty.kill();
}

/** What the scenarios call in the page. Events wait until they are asked for. */
function prelude() {
  const arrived = new Map();
  const taker = new Map();
  const deliver = (event, args) => {
    if (taker.has(event)) taker.get(event)(args);
    else arrived.set(event, [...(arrived.get(event) ?? []), args]);
    taker.delete(event);
  };
  window.open = (options, session) => {
    window.socket = io("/", { ...options, autoConnect: false });
    Object.assign(socket, session && { _pid: session._pid, _lastOffset: session._lastOffset });
    socket.onAny((event, ...args) => deliver(event, args));
    socket.on("disconnect", (reason, details) => deliver("disconnect", [reason, details?.description]));
    return new Promise((resolve) => {
      socket.once("connect", () => resolve({ id: socket.id, recovered: socket.recovered }));
      socket.connect();
    });
  };
  window.next = (event) => {
    const [first, ...rest] = arrived.get(event) ?? [];
    arrived.set(event, rest);
    return first ? Promise.resolve(first) : new Promise((resolve) => taker.set(event, resolve));
  };
  window.call = (event, ...args) => new Promise((resolve) => socket.emit(event, ...args, resolve));
}

/** The first argument of the next `event`; what follows may be an offset of recovery. */
async function first(event) {
  const [argument] = await next(event);
  return argument;
}

function network(devtools, state) {
  const conditions = { offline: state === "offline", latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
  return devtools.send("Network.emulateNetworkConditions", conditions);
}

async function health(server) {
  return (await fetch(`${server.origin}/healthz`)).json();
}

/** A proxy of the old kind: it passes requests on, and refuses to upgrade. */
async function withoutWebSocket(upstream) {
  let refuse;
  let refused = new Promise((resolve) => (refuse = resolve));
  const proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const onwards = request({ host: "127.0.0.1", port: upstream, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onwards.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onwards.destroy());
    incoming.pipe(onwards);
  });
  proxy.on("upgrade", (_, socket) => {
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    refuse();
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    origin: `http://127.0.0.1:${proxy.address().port}`,
    /** Resolves at the next WebSocket that is refused, or the last if nobody has asked about it. */
    async refused() {
      await refused;
      refused = new Promise((resolve) => (refuse = resolve));
    },
    close() {
      proxy.close();
      proxy.closeAllConnections();
    },
  };
}
