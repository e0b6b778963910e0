//! Several namespaces over one connection.

import assert from "node:assert/strict";

export const namespaces = [
  {
    name: "a custom namespace has its own id, auth and answers",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      const [main, custom] = [await connection.join("/", { in: "main" }), await connection.join("/custom", { in: "custom" })];
      assert.notEqual(main.id, custom.id);
      assert.equal(main.engine, custom.engine);
      assert.deepEqual(await main.next("auth"), [{ in: "main" }]);
      assert.deepEqual(await custom.next("auth"), [{ in: "custom" }]);
      custom.emit("message", "to custom", Buffer.from("bin"));
      main.emit("message", "to main");
      assert.deepEqual(await custom.next("message-back"), ["to custom", Buffer.from("bin")]);
      assert.deepEqual(await main.next("message-back"), ["to main"]);
      assert.deepEqual(await custom.call("message-with-ack", 1), [1]);
      assert.deepEqual(custom.arrived("message-back"), []);
      assert.deepEqual(main.arrived("message-back"), []);
    },
  },
  {
    name: "a namespace whose middleware takes its time holds up no other",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      const main = await connection.join("/");
      const slow = connection.socket("/slow", { patient: true });
      slow.socket.connect();
      await main.settled();
      await slow.next("connect");
      assert.deepEqual(await slow.next("auth"), [{ patient: true }]);
      slow.emit("message", 1);
      assert.deepEqual(await slow.next("message-back"), [1]);
    },
  },
  {
    name: "an unknown namespace is refused and the connection stays",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      const main = await connection.join("/");
      const unknown = connection.socket("/unknown");
      unknown.socket.connect();
      const [error] = await unknown.next("connect_error");
      assert.equal(error.message, "Invalid namespace");
      assert.equal(unknown.socket.connected, false);
      assert.deepEqual(await main.call("message-with-ack", "alive"), ["alive"]);
    },
  },
  {
    name: "a namespace that a regular expression allows is made for its first client, and has its own members",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      const [one, two] = [await connection.join("/dyn-1", { in: "one" }), await connection.join("/dyn-2")];
      const other = await world.connection({ autoConnect: false }).join("/dyn-1");
      assert.deepEqual(await one.next("auth"), [{ in: "one" }]);
      one.emit("broadcast", "to one", Buffer.from("bin"));
      for (const member of [one, other]) assert.deepEqual(await member.next("bcast"), ["to one", Buffer.from("bin")]);
      await two.settled();
      assert.deepEqual(two.arrived("bcast"), []);
      const refused = connection.socket("/dyn-");
      refused.socket.connect();
      assert.equal((await refused.next("connect_error"))[0].message, "Invalid namespace");
    },
  },
  {
    name: "leaving one namespace leaves the others alone, and it can be joined again",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      const [main, custom] = [await connection.join("/"), await connection.join("/custom")];
      const first = custom.id;
      custom.socket.disconnect();
      assert.deepEqual((await custom.next("disconnect"))[0], "io client disconnect");
      await main.settled();
      custom.socket.connect();
      await custom.next("connect");
      assert.notEqual(custom.id, first);
      assert.deepEqual(await custom.call("message-with-ack", "again"), ["again"]);
    },
  },
  {
    name: "a namespace without the main one works",
    async run(world) {
      const peer = await world.peer("/custom", { only: 1 });
      assert.deepEqual(await peer.next("auth"), [{ only: 1 }]);
      assert.deepEqual(await peer.call("message-with-ack", 1), [1]);
    },
  },
];
