//! Many events in flight: every one is answered once, in the order it was sent.

import assert from "node:assert/strict";
import { once, within } from "../lib/await.mjs";

const EVENTS = 20_000;

export const order = [
  {
    name: `${EVENTS} pipelined events are answered in order`,
    async run(world) {
      const peer = await world.peer();
      const seen = [];
      const all = new Promise((resolve) => {
        peer.socket.on("message-back", (number) => seen.push(number) === EVENTS && resolve());
      });
      // In two bursts, the second while the first is on its way: a server need not take them all in one POST.
      for (let number = 0; number < EVENTS / 2; number += 1) peer.emit("message", number);
      // Over a WebSocket the first may be on its way already.
      if (peer.engine.writeBuffer.length > 0) await once(peer.engine, "flush");
      for (let number = EVENTS / 2; number < EVENTS; number += 1) peer.emit("message", number);
      await peer.whileConnected(within("all answers", all, 30_000));
      await peer.settled();
      assert.equal(seen.length, EVENTS);
      assert.equal(seen.findIndex((number, index) => number !== index), -1);
    },
  },
  {
    name: "2 MB in flight are split as the server's limit asks and answered in order",
    since: 4,
    async run(world) {
      const peer = await world.peer();
      const body = "x".repeat(100_000);
      for (let number = 0; number < 20; number += 1) peer.emit("message", number, body);
      for (let number = 0; number < 20; number += 1) assert.deepEqual(await peer.next("message-back"), [number, body]);
    },
  },
  {
    name: "acks and events of two namespaces stay in order while interleaved",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      const peers = [await connection.join("/"), await connection.join("/custom")];
      const answers = [];
      for (let number = 0; number < 1_000; number += 1) {
        for (const peer of peers) {
          peer.emit("message", number);
          answers.push(peer.call("message-with-ack", number));
        }
      }
      await Promise.all(answers);
      const expected = Array.from({ length: 1_000 }, (_, number) => [number]);
      for (const peer of peers) assert.deepEqual(peer.arrived("message-back"), expected);
    },
  },
];
