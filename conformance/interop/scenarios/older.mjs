//! What the clients of older releases see differently: namespaces, refusals, coming back. The rest they share with 4.8.

import assert from "node:assert/strict";
import { once } from "../lib/await.mjs";

const RECONNECT = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50, randomizationFactor: 0 };

export const both = [
  {
    name: "an unknown namespace is refused and the connection goes on",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      const main = await connection.join("/");
      const nobody = connection.socket("/nobody");
      nobody.socket.connect();
      const [error] = await nobody.next("connect_error");
      assert.equal(error.message, "Invalid namespace");
      assert.deepEqual(await main.call("message-with-ack", 1), [1]);
    },
  },
  {
    name: "a namespace behind a slow middleware is joined beside the main one",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      const main = await connection.join("/");
      const slow = connection.socket("/slow");
      slow.socket.connect();
      assert.deepEqual(await main.call("message-with-ack", 1), [1]);
      await slow.next("connect");
      assert.deepEqual(await slow.call("message-with-ack", 2), [2]);
    },
  },
  {
    name: "a client comes back after kill -9, with all its namespaces",
    async run(world) {
      const connection = world.connection({ autoConnect: false, ...RECONNECT });
      const peers = [await connection.join("/"), await connection.join("/custom")];
      const before = peers.map((peer) => peer.id);
      await world.server.kill();
      for (const peer of peers) await peer.next("disconnect");
      await world.server.start();
      for (const peer of peers) await peer.next("connect");
      for (const peer of peers) assert.ok(!before.includes(peer.id));
      for (const peer of peers) assert.deepEqual(await peer.call("message-with-ack", "back"), ["back"]);
    },
  },
  {
    name: "who leaves a namespace may come again",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      await connection.join("/");
      const custom = await connection.join("/custom");
      for (let round = 0; round < 3; round += 1) {
        custom.socket.disconnect();
        await custom.next("disconnect");
        custom.socket.connect();
        await custom.next("connect");
        assert.deepEqual(await custom.call("message-with-ack", round), [round]);
      }
    },
  },
];

export const only2 = [
  {
    name: "a client names its sockets by its session, and rooms know it by that name",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      const [main, custom] = [await connection.join("/"), await connection.join("/custom")];
      assert.equal(main.id, connection.manager.engine.id);
      assert.equal(custom.id, `/custom#${main.id}`);
      for (const peer of [main, custom]) {
        peer.emit("room-send", peer.id, "hello");
        assert.deepEqual(await peer.next("room-msg"), ["hello"]);
      }
    },
  },
  {
    name: "the query of a namespace is what the server takes for auth",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      assert.deepEqual(await (await connection.join("/")).next("auth"), [{}]);
      const custom = connection.socket("/custom", undefined, { query: { token: "a b&c", x: 1 } });
      custom.socket.connect();
      await custom.next("connect");
      assert.deepEqual(await custom.next("auth"), [{ token: "a b&c", x: "1" }]);
    },
  },
  {
    name: "a client that is told to use base64 sends and receives bytes",
    async run(world) {
      const peer = await world.peer("/", undefined, { forceBase64: true });
      const bytes = Buffer.from([0, 1, 2, 254, 255]);
      peer.emit("message", bytes, { inner: bytes });
      assert.deepEqual(await peer.next("message-back"), [bytes, { inner: bytes }]);
    },
  },
];

export const heartbeat2 = [
  {
    name: "the client pings, is answered, and lives on",
    async run(world) {
      const peer = await world.peer();
      for (let beat = 0; beat < 4; beat += 1) await once(peer.engine, "pong");
      assert.deepEqual(await peer.call("message-with-ack", 1), [1]);
    },
  },
];
