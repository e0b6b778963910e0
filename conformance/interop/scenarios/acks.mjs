//! Acknowledgements in both directions.

import assert from "node:assert/strict";

export const acks = [
  {
    name: "the server answers an ack with none to five arguments",
    async run(world) {
      const peer = await world.peer();
      for (const args of [[], [1], ["a", null], [{ b: [2] }, "ü", false], [1, 2, 3, 4], [[1], [2], [3], [4], [5]]]) {
        assert.deepEqual(await peer.call("message-with-ack", ...args), args);
      }
    },
  },
  {
    name: "acks of a hundred events in flight reach their own callers",
    async run(world) {
      const peer = await world.peer();
      const numbers = Array.from({ length: 100 }, (_, index) => index);
      const answers = await Promise.all(numbers.map((number) => peer.call("message-with-ack", number)));
      assert.deepEqual(answers, numbers.map((number) => [number]));
    },
  },
  {
    name: "emitWithAck resolves with the answer",
    since: 4,
    async run(world) {
      const peer = await world.peer();
      assert.equal(await peer.socket.timeout(10_000).emitWithAck("count"), 1);
    },
  },
  {
    name: "an ack that nobody gives times out and harms no other",
    since: 4,
    async run(world) {
      const peer = await world.peer();
      await assert.rejects(peer.socket.timeout(50).emitWithAck("nobody-listens"), /timed out/);
      assert.deepEqual(await peer.call("message-with-ack", "next"), ["next"]);
    },
  },
  {
    name: "the client answers an ack of the server",
    async run(world) {
      const peer = await world.peer();
      for (const args of [[], ["question"], [{ nested: [1, "ü"] }, 2]]) {
        peer.emit("emit-with-ack", ...args);
        const given = await peer.next("emit-with-ack");
        const answer = given.pop();
        assert.deepEqual(given, args);
        answer({ answer: [args.length, "ü"] });
        assert.deepEqual(await peer.next("emit-with-ack"), [{ answer: [args.length, "ü"] }]);
      }
    },
  },
  {
    name: "answers of the client may come in any order and twice",
    async run(world) {
      const peer = await world.peer();
      for (const number of [0, 1, 2]) peer.emit("emit-with-ack", number);
      const asked = [await peer.next("emit-with-ack"), await peer.next("emit-with-ack"), await peer.next("emit-with-ack")];
      for (const index of [2, 0, 0, 1]) {
        const [number, answer] = asked[index];
        answer(`reply ${number}`);
      }
      const replies = [await peer.next("emit-with-ack"), await peer.next("emit-with-ack"), await peer.next("emit-with-ack")];
      assert.deepEqual(replies.flat().sort(), ["reply 0", "reply 1", "reply 2"]);
      await peer.settled();
      assert.deepEqual(peer.arrived("emit-with-ack"), []);
    },
  },
];
