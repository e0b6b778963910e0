//! How a connection ends, as the client is told.

import assert from "node:assert/strict";

export const closing = [
  {
    name: "client.disconnect() is `io client disconnect`",
    async run(world) {
      const peer = await world.peer();
      peer.socket.disconnect();
      assert.equal((await peer.next("disconnect"))[0], "io client disconnect");
    },
  },
  {
    name: "closing the engine is `forced close`",
    async run(world) {
      const peer = await world.peer();
      peer.engine.close();
      assert.equal((await peer.next("disconnect"))[0], "forced close");
    },
  },
  {
    name: "a server that dies is `transport close` or `transport error`",
    async run(world) {
      const peer = await world.peer();
      if (world.mode.name === "upgrade") await peer.upgraded();
      await world.server.kill();
      const expected = world.mode.name === "polling" ? "transport error" : "transport close";
      assert.equal((await peer.next("disconnect"))[0], expected);
      await world.server.start();
    },
  },
  ...[
    ["an unknown packet type", "7"],
    ["an event with a broken payload", "2[\"message\""],
    ["an event whose name is an object", "2[{\"toString\":\"foo\"}]"],
    ["a reserved event name", "2[\"connect\"]"],
    ["a second CONNECT", "0"],
    ["an event for a namespace that was not joined", "2/custom,[\"message\"]"],
    ["eleven attachments", "511-[\"message\"]"],
  ].map(([name, packet]) => ({
    name: `${name} is answered by \`transport close\``,
    async run(world) {
      const peer = await world.peer();
      if (world.mode.name === "upgrade") await peer.upgraded();
      peer.engine.write(packet);
      assert.equal((await peer.next("disconnect"))[0], "transport close");
    },
  })),
];
