//! Heartbeats at 300 ms with a patience of 200 ms: the official client answers them, a silent one is put out.

import assert from "node:assert/strict";
import WebSocket from "ws";
import { once } from "../lib/await.mjs";

export const heartbeat = [
  {
    name: "the connection outlives three heartbeats",
    async run(world) {
      const peer = await world.peer();
      for (const _ of [1, 2, 3]) await once(peer.socket.io, "ping");
      assert.deepEqual(await peer.call("message-with-ack", "alive"), ["alive"]);
    },
  },
  {
    name: "a WebSocket that never answers a ping is closed",
    modes: ["websocket"],
    async run(world) {
      const { port } = world.server;
      const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
      socket.once("open", () => socket.send("40"));
      const received = [];
      socket.on("message", (data) => received.push(String(data)));
      await once(socket, "close");
      assert.deepEqual(received.filter((text) => text === "2"), ["2"]);
    },
  },
];
