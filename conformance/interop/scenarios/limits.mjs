//! `maxPayload`: 1 000 000 bytes pass, one more does not, and what the client then sees.

import assert from "node:assert/strict";

const LIMIT = 1_000_000;

/** The text that makes a `message` event of exactly `bytes` bytes on the wire, engine byte included. */
const textFor = (bytes) => "x".repeat(bytes - '42["message",""]'.length);

export const limits = [
  {
    name: "a packet of exactly 1 000 000 bytes passes",
    async run(world) {
      const peer = await world.peer();
      if (world.mode.name === "upgrade") await peer.upgraded();
      const text = textFor(LIMIT);
      peer.emit("message", text);
      const [back] = await peer.next("message-back");
      assert.ok(back === text);
    },
  },
  {
    name: "a packet of 1 000 001 bytes closes the WebSocket with 1009",
    modes: ["websocket", "upgrade"],
    async run(world) {
      const peer = await world.peer();
      await peer.upgraded();
      peer.emit("message", textFor(LIMIT + 1));
      const [reason, details] = await peer.next("disconnect");
      assert.equal(reason, "transport close");
      assert.equal(details.context.code, 1009);
    },
  },
  {
    name: "an attachment of 1 000 001 bytes closes the WebSocket with 1009",
    modes: ["websocket", "upgrade"],
    async run(world) {
      const peer = await world.peer();
      await peer.upgraded();
      peer.emit("message", Buffer.alloc(LIMIT + 1));
      const [reason, details] = await peer.next("disconnect");
      assert.equal(reason, "transport close");
      assert.equal(details.context.code, 1009);
    },
  },
  {
    name: "a POST of 1 000 001 bytes gets 413 and the session stays",
    // Ours ends its poll with the session, which the server takes for the end of it.
    officialOnly: true,
    modes: ["polling"],
    async run(world) {
      const peer = await world.peer();
      const url = `${world.server.origin}/socket.io/?EIO=4&transport=polling&sid=${peer.engine.id}`;
      peer.emit("message", textFor(LIMIT + 1));
      const [reason, details] = await peer.next("disconnect");
      assert.equal(reason, "transport error");
      assert.equal(details.description, 413);
      // The client gave up, the session did not: it still takes a POST, and closes when asked to.
      const farewell = await fetch(url, { method: "POST", body: "1" });
      assert.equal(farewell.status, 200);
      assert.equal(await farewell.text(), "ok");
    },
  },
];
