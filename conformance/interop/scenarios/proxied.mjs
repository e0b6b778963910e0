//! The official client through nginx, to the example `behind_proxy`.

import assert from "node:assert/strict";

/** The header of a proxy further out: nginx adds itself behind it. */
const outer = { extraHeaders: { "X-Forwarded-For": "6.6.6.6, 203.0.113.7" } };

export const proxied = [
  {
    name: "proxied: the client's address is the right-most that no trusted proxy has",
    async run(world) {
      const peer = await world.peer("/", undefined, outer);
      if (world.mode.name === "upgrade") await peer.upgraded();
      peer.emit("whoami");
      assert.deepEqual(await peer.next("you"), ["203.0.113.7"]);
      assert.equal(peer.engine.transport.name, world.mode.transports.at(-1));
    },
  },
  {
    name: "proxied: the scheme is the one that the client used",
    async run(world) {
      const peer = await world.peer();
      peer.emit("secure");
      assert.deepEqual(await peer.next("secure"), [false]);
    },
  },
  {
    name: "proxied: a page of the proxy's own host is let in, another is refused",
    async run(world) {
      const own = await world.peer("/", undefined, { extraHeaders: { Origin: world.server.origin } });
      own.emit("whoami");
      await own.next("you");
      const foreign = world.connection({ extraHeaders: { Origin: "http://evil.example" } }).socket();
      foreign.socket.connect();
      await foreign.next("connect_error");
    },
  },
];
