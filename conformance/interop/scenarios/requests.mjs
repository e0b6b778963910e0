//! What the client makes of requests that the server refuses before there is a session.

import assert from "node:assert/strict";

/** The error of a client whose handshake says `deny`, and the body, which is there only while the error is told. */
async function denied(world, reason) {
  const peer = world.connection({ autoConnect: false, query: { deny: reason } }).socket();
  let body;
  peer.socket.on("connect_error", (error) => (body = error.context?.responseText));
  peer.socket.connect();
  const [error] = await peer.next("connect_error");
  return { error, body };
}

export const requests = [
  {
    name: "a refused handshake shows code and message to a polling client",
    modes: ["polling", "upgrade"],
    async run(world) {
      const { error, body } = await denied(world, 'closed on "Sundays"');
      assert.equal(error.message, "xhr poll error");
      assert.equal(error.description, 403);
      assert.deepEqual(JSON.parse(body), { code: 4, message: 'closed on "Sundays"' });
    },
  },
  {
    name: "a refused WebSocket is an error of the transport",
    modes: ["websocket"],
    async run(world) {
      const { error } = await denied(world, "closed");
      assert.equal(error.message, "websocket error");
      assert.equal(error.description.message, "Unexpected server response: 400");
    },
  },
  {
    name: "a client that is let in connects and upgrades",
    async run(world) {
      const peer = await world.peer();
      if (world.mode.name !== "polling") await peer.upgraded();
      assert.equal((await peer.call("count"))[0], 1);
    },
  },
];
