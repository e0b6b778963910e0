//! permessage-deflate, against a server that compresses however short a message is: all that goes without it goes with it,
//! and the wire shows that messages are compressed where there is a WebSocket, and only there.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Relay } from "../lib/relay.mjs";
import { World } from "../lib/world.mjs";
import { acks } from "./acks.mjs";
import { binary } from "./binary.mjs";
import { events } from "./events.mjs";
import { rooms } from "./rooms.mjs";

const SIZE = 200_000;
const TEXT = "Lorem ipsum — dolor. ".repeat(10_000).slice(0, SIZE);
const BYTES = Buffer.from(TEXT).subarray(0, SIZE);

/** Runs `work` with a world whose clients reach the server through a relay. */
async function relayed(world, work) {
  const relay = await Relay.before(world.server.port);
  const inner = new World(relay, world.mode, world.options);
  try {
    await work(inner, relay);
    inner.close();
    // The farewell of a client that polls is on its way yet.
    await world.forgotten();
  } finally {
    inner.close();
    relay.close();
  }
}

/** A connected peer that is done with upgrading. */
async function settled(world, options) {
  const peer = await world.peer("/", undefined, options);
  if (world.mode.name !== "polling") await peer.upgraded();
  await peer.settled();
  return peer;
}

/** Does something that sends `times` the size to each side, and says by the wire whether it was compressed. */
async function measured(relay, work, times = 1) {
  const before = { toServer: relay.toServer, toClient: relay.toClient };
  await work();
  const [up, down] = [relay.toServer - before.toServer, relay.toClient - before.toClient];
  const compressed = up < SIZE / 10 && down < (times * SIZE) / 10;
  assert.ok(compressed || (up >= SIZE && down >= times * SIZE), `${up} bytes up, ${down} bytes down`);
  return compressed;
}

const own = [
  {
    name: "the client's offer is accepted",
    async run(world) {
      await relayed(world, async (inner, relay) => {
        const peer = await settled(inner);
        assert.equal(relay.extensions.length, world.mode.name === "polling" ? 0 : 1);
        for (const extensions of relay.extensions) assert.match(extensions, /^permessage-deflate(;|$)/);
        assert.deepEqual(await peer.call("message-with-ack", "short"), ["short"]);
      });
    },
  },
  {
    name: "texts and bytes are compressed both ways on a WebSocket",
    async run(world) {
      await relayed(world, async (inner, relay) => {
        const peer = await settled(inner);
        for (const payload of [TEXT, BYTES]) {
          const compressed = await measured(relay, async () => {
            peer.emit("message", payload);
            assert.deepEqual(await peer.next("message-back"), [payload]);
          });
          assert.equal(compressed, world.mode.name !== "polling");
        }
      });
    },
  },
  {
    name: "a broadcast is compressed for every receiver",
    async run(world) {
      await relayed(world, async (inner, relay) => {
        const peers = [await settled(inner), await settled(inner), await settled(inner)];
        const compressed = await measured(
          relay,
          async () => {
            peers[0].emit("broadcast", TEXT, { bytes: Buffer.from("few") });
            for (const peer of peers) assert.deepEqual(await peer.next("bcast"), [TEXT, { bytes: Buffer.from("few") }]);
          },
          3,
        );
        assert.equal(compressed, world.mode.name !== "polling");
      });
    },
  },
  {
    name: "a broadcast reaches receivers with and without compression",
    async run(world) {
      const peers = [await settled(world), await settled(world, { perMessageDeflate: false }), await settled(world)];
      for (const payload of [TEXT, BYTES, "", "short", Buffer.alloc(0)]) {
        peers[1].emit("broadcast", payload);
        for (const peer of peers) assert.deepEqual(await peer.next("bcast"), [payload]);
      }
    },
  },
  {
    name: "what cannot be compressed comes back whole",
    async run(world) {
      const peer = await settled(world);
      for (const size of [1, 100, 1024, 65_535, 65_536, SIZE]) {
        const noise = randomBytes(size);
        for (const payload of [noise, noise.toString("base64")]) {
          peer.emit("message", payload);
          assert.deepEqual(await peer.next("message-back"), [payload]);
        }
      }
    },
  },
  {
    name: "a client that offers nothing gets plain frames",
    async run(world) {
      await relayed(world, async (inner, relay) => {
        const peer = await settled(inner, { perMessageDeflate: false });
        assert.deepEqual(relay.extensions, world.mode.name === "polling" ? [] : [undefined]);
        const compressed = await measured(relay, async () => {
          peer.emit("message", TEXT);
          assert.deepEqual(await peer.next("message-back"), [TEXT]);
        });
        assert.equal(compressed, false);
      });
    },
  },
  {
    name: "events during the upgrade arrive once and in order",
    modes: ["upgrade"],
    async run(world) {
      await relayed(world, async (inner, relay) => {
        const peer = inner.connection({ autoConnect: false }).socket();
        peer.socket.connect();
        let sent = 0;
        const send = () => peer.emit("message", sent % 3 ? "tick tock ".repeat(sent % 50) : BYTES.subarray(0, sent), sent++);
        let upgraded = false;
        const upgrading = peer.next("connect").then(() => peer.upgraded()).then(() => (upgraded = true));
        let received = 0;
        const take = async () => assert.equal((await peer.next("message-back"))[1], received++);
        for (send(); !upgraded && sent < 5_000; send()) await take();
        await upgrading;
        for (let more = 0; more < 300; more += 1) send();
        while (received < sent) await take();
        await peer.settled();
        assert.deepEqual(peer.arrived("message-back"), []);
        assert.equal(relay.extensions.length, 1);
        assert.match(relay.extensions[0], /^permessage-deflate/);
      });
    },
  },
];

const shared = [events, acks, binary, rooms].flat();

export const deflate = [...shared, ...own].map((scenario) => ({ ...scenario, name: `deflate: ${scenario.name}` }));
