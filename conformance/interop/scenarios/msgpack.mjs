//! The packets of socket.io-msgpack-parser: what the default form can do and it must do as well, and what it does its own
//! way.

import assert from "node:assert/strict";
import { acks } from "./acks.mjs";
import { binary } from "./binary.mjs";
import { events } from "./events.mjs";
import { namespaces } from "./namespaces.mjs";
import { rooms } from "./rooms.mjs";

/** What notepack.io itself cannot do. */
const DEFAULT_FORM_ONLY = [
  // It has an extension for them, which it reads as a pair.
  "typed arrays and array buffers are attachments",
  // Their values hold 1e21, and it writes whole numbers as 64 bits of themselves.
  "auth arrives as it was sent",
  "events carry none to five arguments",
  "events carry unicode, escapes and nesting unharmed",
];

const own = [
  {
    name: "numbers of every width keep their value",
    async run(world) {
      const peer = await world.peer();
      const numbers = [0, 127, 128, 65_535, 2 ** 32, Number.MAX_SAFE_INTEGER, -1, -32, -33, -(2 ** 31) - 1, 0.5, 1e-300];
      assert.deepEqual(await peer.call("message-with-ack", ...numbers), numbers);
    },
  },
  {
    name: "a date arrives as its text, undefined as nothing",
    async run(world) {
      const peer = await world.peer();
      const answer = await peer.call("message-with-ack", new Date(1_000), { a: undefined, b: 1 });
      // The official server hands the values themselves on.
      const official = answer[0] instanceof Date;
      const expected = official ? [new Date(1_000), { a: undefined, b: 1 }] : ["1970-01-01T00:00:01.000Z", { b: 1 }];
      assert.deepEqual(answer, expected);
    },
  },
  {
    name: "a typed array arrives as bytes",
    async run(world) {
      const peer = await world.peer();
      const [answer] = await peer.call("message-with-ack", new Uint8Array([1, 2, 3]));
      // The official server hands on the pair of the extension's type and its bytes.
      assert.deepEqual(Buffer.from(Array.isArray(answer) ? answer[1] : answer), Buffer.from([1, 2, 3]));
    },
  },
  {
    name: "each packet is one binary message",
    async run(world) {
      const peer = await world.peer();
      const seen = [];
      await peer.next("auth");
      await peer.upgraded();
      peer.engine.on("packet", ({ type, data }) => type === "message" && seen.push(typeof data));
      peer.emit("message", Buffer.from([1]), { nested: Buffer.from([2]) });
      assert.deepEqual(await peer.next("message-back"), [Buffer.from([1]), { nested: Buffer.from([2]) }]);
      assert.deepEqual(seen, ["object"]);
    },
    modes: ["websocket", "upgrade"],
  },
];

const shared = [events, acks, binary, namespaces, rooms].flat().filter(({ name }) => !DEFAULT_FORM_ONLY.includes(name));

export const msgpack = [...shared, ...own].map((scenario) => ({ ...scenario, name: `msgpack: ${scenario.name}` }));
