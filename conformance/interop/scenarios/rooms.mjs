//! Rooms and broadcasts among several clients. Silence is shown by order, not by waiting: whatever was sent to a client
//! before the ack of its own later event has arrived when that ack arrives.

import assert from "node:assert/strict";

const three = (world) => Promise.all([world.peer(), world.peer(), world.peer()]);

export const rooms = [
  {
    name: "a room reaches its members once each and nobody else",
    async run(world) {
      const [a, b, outsider] = await three(world);
      assert.deepEqual(await a.call("join", "blue"), ["ok"]);
      assert.deepEqual(await b.call("join", "blue"), ["ok"]);
      assert.deepEqual(await outsider.call("join", "red"), ["ok"]);
      outsider.emit("room-send", "blue", "hello", { n: 1 });
      assert.deepEqual(await a.next("room-msg"), ["hello", { n: 1 }]);
      assert.deepEqual(await b.next("room-msg"), ["hello", { n: 1 }]);
      a.emit("room-send", "blue", "me too");
      assert.deepEqual(await a.next("room-msg"), ["me too"]);
      assert.deepEqual(await b.next("room-msg"), ["me too"]);
      for (const peer of [a, b, outsider]) await peer.settled();
      for (const peer of [a, b, outsider]) assert.deepEqual(peer.arrived("room-msg"), []);
    },
  },
  {
    name: "joining twice delivers once",
    async run(world) {
      const peer = await world.peer();
      await peer.call("join", "twice");
      await peer.call("join", "twice");
      peer.emit("room-send", "twice", 1);
      await peer.settled();
      assert.deepEqual(peer.arrived("room-msg"), [[1]]);
    },
  },
  {
    name: "a socket's id is its own room",
    async run(world) {
      const [a, b, other] = await three(world);
      a.emit("room-send", b.id, "private");
      assert.deepEqual(await b.next("room-msg"), ["private"]);
      for (const peer of [a, b, other]) await peer.settled();
      for (const peer of [a, b, other]) assert.deepEqual(peer.arrived("room-msg"), []);
    },
  },
  {
    name: "a room that nobody is in swallows what it is sent",
    async run(world) {
      const peer = await world.peer();
      peer.emit("room-send", "void", 1);
      await peer.settled();
      assert.deepEqual(peer.arrived("room-msg"), []);
    },
  },
  {
    name: "a broadcast reaches every client of the namespace, with bytes in it",
    async run(world) {
      const peers = await three(world);
      const stranger = await world.peer("/custom");
      peers[0].emit("broadcast", "all", { bytes: Buffer.from([1, 2]) }, Buffer.from([3]));
      for (const peer of peers) {
        assert.deepEqual(await peer.next("bcast"), ["all", { bytes: Buffer.from([1, 2]) }, Buffer.from([3])]);
      }
      await stranger.settled();
      assert.deepEqual(stranger.arrived("bcast"), []);
    },
  },
  {
    name: "broadcasts of several clients arrive everywhere in one order",
    async run(world) {
      const peers = await three(world);
      for (let number = 0; number < 300; number += 1) peers.forEach((peer, index) => peer.emit("broadcast", index, number));
      const seen = [];
      for (const peer of peers) {
        const order = [];
        for (let count = 0; count < 900; count += 1) order.push((await peer.next("bcast")).join(":"));
        seen.push(order);
      }
      assert.deepEqual(seen[1], seen[0]);
      assert.deepEqual(seen[2], seen[0]);
      for (const index of [0, 1, 2]) {
        const own = seen[0].filter((entry) => entry.startsWith(`${index}:`));
        assert.deepEqual(own, Array.from({ length: 300 }, (_, number) => `${index}:${number}`));
      }
    },
  },
  {
    name: "a client that left is in no room",
    // Older clients may take the end of their old connection for that of the new one, if they come back at once.
    since: 4,
    async run(world) {
      const [a, leaver] = await three(world);
      await a.call("join", "green");
      await leaver.call("join", "green");
      leaver.socket.disconnect();
      a.emit("room-send", "green", "who is there");
      assert.deepEqual(await a.next("room-msg"), ["who is there"]);
      leaver.socket.connect();
      await leaver.next("connect");
      a.emit("room-send", "green", "and now");
      await a.settled();
      await leaver.settled();
      assert.deepEqual(leaver.arrived("room-msg"), []);
    },
  },
];
