//! What only a browser has, or does at this scale.

import assert from "node:assert/strict";

/** In messages of a little less than the limit. */
const BULK = { messages: 63, bytes: 800_000 };

export const only = [
  {
    name: "blobs are attachments, and what follows them waits",
    async run(world) {
      const peer = await world.peer();
      peer.emit("message", new Blob(["hello"]), { file: new Blob([new Uint8Array([0, 255])]) });
      peer.emit("message", "after the blob");
      assert.deepEqual(await peer.next("message-back"), [Buffer.from("hello"), { file: Buffer.from([0, 255]) }]);
      assert.deepEqual(await peer.next("message-back"), ["after the blob"]);
    },
  },
  {
    modes: ["websocket"],
    name: `${(BULK.messages * BULK.bytes) / 1e6} MB of bytes come back as they went`,
    async run(world) {
      const peer = await world.peer();
      for (let number = 0; number < BULK.messages; number += 1) {
        const sent = new Uint8Array(BULK.bytes).map((_, index) => (index * 31 + number) % 251);
        const [back] = await peer.call("message-with-ack", sent);
        const received = new Uint8Array(back);
        assert.equal(received.length, sent.length);
        assert.ok(sent.every((byte, index) => byte === received[index]), `message ${number} came back different`);
      }
    },
  },
];
