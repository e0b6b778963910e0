//! Binary attachments, anywhere in the arguments, both ways.

import assert from "node:assert/strict";

const BYTES = Buffer.from([0, 1, 2, 127, 128, 254, 255]);

export const binary = [
  {
    name: "bytes come back as bytes",
    async run(world) {
      const peer = await world.peer();
      for (const bytes of [Buffer.alloc(0), BYTES, Buffer.alloc(125, 1), Buffer.alloc(126, 2), Buffer.alloc(65_536, 3)]) {
        peer.emit("message", bytes);
        assert.deepEqual(await peer.next("message-back"), [bytes]);
      }
    },
  },
  {
    name: "typed arrays and array buffers are attachments",
    async run(world) {
      const peer = await world.peer();
      peer.emit("message", new Uint8Array([1, 2, 3]), new Uint8Array([4, 5]).buffer);
      assert.deepEqual(await peer.next("message-back"), [Buffer.from([1, 2, 3]), Buffer.from([4, 5])]);
    },
  },
  {
    name: "attachments keep their places among nested values",
    async run(world) {
      const peer = await world.peer();
      const args = [
        "text",
        { file: BYTES, meta: { name: "ü", parts: [Buffer.from("a"), 1, { last: Buffer.from("b") }] } },
        [Buffer.from("c"), null],
        { _placeholder: false, num: 0 },
      ];
      peer.emit("message", ...args);
      assert.deepEqual(await peer.next("message-back"), args);
    },
  },
  {
    name: "ten attachments in one event",
    async run(world) {
      const peer = await world.peer();
      const parts = Array.from({ length: 10 }, (_, index) => Buffer.alloc(index * 100, index));
      peer.emit("message", parts);
      assert.deepEqual(await peer.next("message-back"), [parts]);
    },
  },
  {
    name: "bytes of 300 kB come back whole",
    async run(world) {
      const peer = await world.peer();
      const bytes = Buffer.from({ length: 300_000 }, (_, index) => index % 251);
      peer.emit("message", bytes);
      assert.deepEqual(await peer.next("message-back"), [bytes]);
    },
  },
  {
    name: "acks carry bytes, and so do events that ask for one",
    async run(world) {
      const peer = await world.peer();
      const args = [BYTES, { inner: [Buffer.from("x"), Buffer.from("y")] }];
      assert.deepEqual(await peer.call("message-with-ack", ...args), args);
      peer.emit("emit-with-ack", Buffer.from("question"));
      const [given, answer] = await peer.next("emit-with-ack");
      assert.deepEqual(given, Buffer.from("question"));
      answer(given.byteLength);
      assert.deepEqual(await peer.next("emit-with-ack"), [8]);
    },
  },
  {
    name: "binary and text events stay in order",
    async run(world) {
      const peer = await world.peer();
      for (let number = 0; number < 500; number += 1) peer.emit("message", number % 3 ? number : Buffer.from(`${number}`));
      for (let number = 0; number < 500; number += 1) {
        assert.deepEqual(await peer.next("message-back"), [number % 3 ? number : Buffer.from(`${number}`)]);
      }
    },
  },
];
