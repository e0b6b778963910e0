//! Connecting, and events with all that JSON can carry.

import assert from "node:assert/strict";
import { once } from "../lib/await.mjs";

const NESTED = {
  list: [1, -2.5, 1e21, null, true, [[], {}]],
  text: "Я Б Г Д Ж Й — てすと — 😀 — \u0000\u001f\"\\/\u2028",
  ключ: { "": "empty key", deep: { deeper: [{ deepest: false }] } },
};

export const events = [
  {
    name: "connect gives an id of 20 characters that is not the session's",
    since: 3,
    async run(world) {
      const peer = await world.peer();
      assert.match(peer.id, /^[A-Za-z0-9_-]{20}$/);
      assert.match(peer.engine.id, /^[A-Za-z0-9_-]{20}$/);
      assert.notEqual(peer.id, peer.engine.id);
      assert.ok(!peer.socket.recovered);
    },
  },
  {
    name: "connect uses the transport that was asked for",
    async run(world) {
      const peer = await world.peer();
      if (world.mode.name === "upgrade") await peer.upgraded();
      assert.equal(peer.engine.transport.name, world.mode.name === "polling" ? "polling" : "websocket");
    },
  },
  {
    name: "connect by name reaches the server over IPv6 too",
    // A page has one origin.
    nodeOnly: true,
    async run(world) {
      const { port } = world.server;
      for (const host of ["[::1]", "localhost"]) {
        const connection = world.connection({ autoConnect: false });
        connection.manager.uri = `http://${host}:${port}`;
        const peer = await connection.join();
        assert.deepEqual(await peer.next("auth"), [{}]);
      }
    },
  },
  {
    name: "auth arrives as it was sent",
    since: 3,
    async run(world) {
      const auth = { token: "s3cret", n: 1, nested: NESTED };
      assert.deepEqual(await (await world.peer("/", auth)).next("auth"), [auth]);
      assert.deepEqual(await (await world.peer("/")).next("auth"), [{}]);
      const given = (callback) => callback({ lazy: true });
      assert.deepEqual(await (await world.peer("/", given)).next("auth"), [{ lazy: true }]);
    },
  },
  {
    name: "events carry none to five arguments",
    async run(world) {
      const peer = await world.peer();
      for (const args of [[], ["a"], [1, 2], [null, true, 0], ["a", {}, [], 1.5], [1, "2", [3], { four: 4 }, NESTED]]) {
        peer.emit("message", ...args);
        assert.deepEqual(await peer.next("message-back"), args);
      }
    },
  },
  {
    name: "events carry unicode, escapes and nesting unharmed",
    async run(world) {
      const peer = await world.peer();
      for (const text of ["", "てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "👩‍👩‍👧‍👦", "\u001e", "\\u001e", "4{}", "b4AAEC"]) {
        peer.emit("message", text, NESTED);
        assert.deepEqual(await peer.next("message-back"), [text, NESTED]);
      }
    },
  },
  {
    name: "a string of 300 kB comes back whole",
    async run(world) {
      const peer = await world.peer();
      const text = "Lorem ipsum — dolor. ".repeat(14_000);
      assert.ok(Buffer.byteLength(text) > 300_000);
      peer.emit("message", text);
      assert.deepEqual(await peer.next("message-back"), [text]);
    },
  },
  {
    name: "an event nobody listens to is ignored",
    async run(world) {
      const peer = await world.peer();
      peer.emit("nobody-listens", 1, { a: 2 });
      peer.emit("message", "still here");
      assert.deepEqual(await peer.next("message-back"), ["still here"]);
    },
  },
  {
    name: "events emitted before the connection are delivered after it",
    async run(world) {
      const peer = world.connection({ autoConnect: false }).socket();
      peer.emit("message", "early", 1);
      peer.emit("message", "early", 2);
      peer.socket.connect();
      assert.deepEqual(await peer.next("message-back"), ["early", 1]);
      assert.deepEqual(await peer.next("message-back"), ["early", 2]);
    },
  },
  {
    name: "a hundred clients at once each get their own answers",
    // A browser has six connections to a host.
    nodeOnly: true,
    async run(world) {
      const peers = await Promise.all(Array.from({ length: 100 }, () => world.peer()));
      assert.equal(new Set(peers.map((peer) => peer.id)).size, 100);
      peers.forEach((peer, index) => peer.emit("message", index));
      const answers = await Promise.all(peers.map((peer) => peer.next("message-back")));
      assert.deepEqual(answers, peers.map((_, index) => [index]));
    },
  },
  {
    name: "upgrading announces WebSocket and leaves polling behind",
    modes: ["upgrade"],
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      const joining = connection.join();
      const [handshake] = await once(connection.manager.engine, "handshake");
      assert.deepEqual(handshake.upgrades, ["websocket"]);
      assert.equal(handshake.pingInterval, 25_000);
      assert.equal(handshake.pingTimeout, 20_000);
      assert.equal(handshake.maxPayload, 1_000_000);
      const peer = await joining;
      await peer.upgraded();
      peer.emit("message", "over the new transport");
      assert.deepEqual(await peer.next("message-back"), ["over the new transport"]);
      const late = await fetch(`${world.server.origin}/socket.io/?EIO=4&transport=polling&sid=${peer.engine.id}`);
      assert.equal(late.status, 400);
      assert.deepEqual(await late.json(), { code: 3, message: "Bad request" });
    },
  },
];
