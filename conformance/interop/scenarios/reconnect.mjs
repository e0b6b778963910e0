//! A server that is killed and comes back on the same port.

import assert from "node:assert/strict";

/** Quick and even, so that a scenario knows what to await. */
const RECONNECT = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50, randomizationFactor: 0 };

export const reconnect = [
  {
    name: "a client comes back after kill -9, with a new id and all its namespaces",
    async run(world) {
      const connection = world.connection({ autoConnect: false, ...RECONNECT });
      const [main, custom] = [await connection.join("/", { n: 1 }), await connection.join("/custom", { n: 2 })];
      const before = [main.id, custom.id];
      for (const peer of [main, custom]) await peer.next("auth");
      await world.server.kill();
      for (const peer of [main, custom]) await peer.next("disconnect");
      await world.server.start();
      for (const peer of [main, custom]) await peer.next("connect");
      assert.deepEqual(await main.next("auth"), [{ n: 1 }]);
      assert.deepEqual(await custom.next("auth"), [{ n: 2 }]);
      assert.ok(!before.includes(main.id) && !before.includes(custom.id));
      assert.ok(!main.socket.recovered);
      assert.deepEqual(await main.call("message-with-ack", "back"), ["back"]);
    },
  },
  {
    name: "events emitted while the server is away are delivered once it is back, in order",
    async run(world) {
      const peer = await world.connection({ autoConnect: false, ...RECONNECT }).join("/");
      await world.server.kill();
      await peer.next("disconnect");
      for (const number of [1, 2, 3]) peer.emit("message", number);
      await world.server.start();
      for (const number of [1, 2, 3]) assert.deepEqual(await peer.next("message-back"), [number]);
      await peer.settled();
      assert.deepEqual(peer.arrived("message-back"), []);
    },
  },
  {
    name: "rooms do not outlive the server",
    async run(world) {
      const peer = await world.connection({ autoConnect: false, ...RECONNECT }).join("/");
      await peer.call("join", "room");
      await world.server.restart();
      await peer.next("connect");
      peer.emit("room-send", "room", 1);
      await peer.settled();
      assert.deepEqual(peer.arrived("room-msg"), []);
    },
  },
];
