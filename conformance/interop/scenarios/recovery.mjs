//! Connection state recovery: clients that lose their connection and come back to the sockets they had. The scenarios decide
//! when a client comes back, so none is in a hurry. `defect` says why the official server fails one. Where `abandons` is
//! set a connection may end without the server's hearing of it, so it is started afresh.

import assert from "node:assert/strict";
import { once, until, within } from "../lib/await.mjs";

/** A guest behind a network of its own, and a speaker who stays; both have taken what they were sent on connecting. */
async function cast(world, namespace = "/", options = {}) {
  const proxy = await world.proxy();
  const guest = world.connection({ autoConnect: false }, proxy.origin).socket(namespace, undefined, options);
  const speaker = await world.peer(namespace);
  await Promise.all([back(guest), settledOn(speaker)]);
  if (namespace !== "/quiet") await Promise.all([guest.next("auth"), speaker.next("auth")]);
  return { proxy, guest, speaker };
}

/** The client closes its engine, of which the server hears. */
async function close(world, peer) {
  const { clients } = await world.health();
  peer.engine.close();
  await peer.next("disconnect");
  await until("the server to hear of it", async () => (await world.health()).clients === clients - 1);
}

/** The client gives its connection up without a word. */
async function giveUp(peer) {
  peer.engine.transport.onClose();
  await peer.next("disconnect");
}

/** The network fails and works again. */
async function cut({ proxy, guest }) {
  proxy.cut();
  await guest.next("disconnect");
  proxy.heal();
}

async function back(peer) {
  peer.socket.connect();
  await peer.next("connect");
  await settledOn(peer);
}

/** An upgrade that was begun is over. */
async function settledOn(peer) {
  if (peer.socket.io.opts.transports.includes("websocket")) await peer.upgraded();
}

async function recovered(peer) {
  const { id } = peer.socket;
  const before = peer.lastId ?? id;
  await back(peer);
  assert.equal(peer.socket.recovered, true);
  if (before) assert.equal(peer.id, before);
}

/** The id of a peer, which its socket forgets at the disconnection. */
function remember(peer) {
  peer.lastId = peer.id;
  return peer.id;
}

/** All that is queued for the peer has arrived. */
async function heard(peer, event) {
  await peer.settled();
  return peer.arrived(event).map((args) => {
    assert.equal(typeof args.at(-1), "string", "an offset is behind the arguments");
    return args.slice(0, -1);
  });
}

const numbers = (first, last) => Array.from({ length: last - first + 1 }, (_, index) => [first + index]);

async function say(speaker, first, last) {
  for (const [number] of numbers(first, last)) speaker.emit("broadcast", number);
  await speaker.settled();
}

/** Two numbers before, three meanwhile, one afterwards. */
async function missesThree(world, lose) {
  const all = await cast(world);
  const { guest, speaker } = all;
  remember(guest);
  await say(speaker, 1, 2);
  await guest.settled();
  await lose(all);
  await say(speaker, 3, 5);
  await recovered(guest);
  await say(speaker, 6, 6);
  assert.deepEqual(await heard(guest, "bcast"), numbers(1, 6));
}

const scenarios = [
  {
    name: "a client that closed its engine has its id again, and what it missed in order and once",
    run: (world) => missesThree(world, ({ guest }) => close(world, guest)),
  },
  {
    name: "a client whose TCP connection was cut has its id again, and what it missed in order and once",
    run: (world) => missesThree(world, cut),
    abandons: true,
  },
  {
    name: "a client takes over from its half-open connection without loss",
    run: (world) =>
      missesThree(world, async ({ proxy, guest }) => {
        proxy.abandon();
        await giveUp(guest);
      }),
    abandons: true,
    defect: "a session is there only after its connection is known to be gone",
  },
  {
    name: "a client that reconnects by itself is recovered",
    async run(world) {
      const { proxy, guest, speaker } = await cast(world);
      const id = remember(guest);
      guest.socket.io.reconnection(true).reconnectionDelay(20).reconnectionDelayMax(50);
      proxy.cut();
      await guest.next("disconnect");
      await say(speaker, 1, 3);
      proxy.heal();
      await guest.next("connect");
      await settledOn(guest);
      assert.deepEqual([guest.socket.recovered, guest.id], [true, id]);
      assert.deepEqual(await heard(guest, "bcast"), numbers(1, 3));
    },
    abandons: true,
  },
  {
    name: "binary that was missed keeps its bytes",
    async run(world) {
      const { guest, speaker } = await cast(world);
      await close(world, guest);
      const sent = [Buffer.from([0, 255, 30]), { deep: [Buffer.alloc(70_000, 7)] }];
      speaker.emit("broadcast", ...sent);
      speaker.emit("broadcast", "behind");
      await speaker.settled();
      await recovered(guest);
      assert.deepEqual(await heard(guest, "bcast"), [sent, ["behind"]]);
    },
  },
  {
    name: "rooms are kept, and what was sent to them is not missed",
    async run(world) {
      const { guest, speaker } = await cast(world);
      await guest.call("join", "room");
      await close(world, guest);
      speaker.emit("room-send", "room", 1);
      speaker.emit("room-send", "another", 2);
      await speaker.settled();
      await recovered(guest);
      speaker.emit("room-send", "room", 3);
      await speaker.settled();
      assert.deepEqual(await heard(guest, "room-msg"), [[1], [3]]);
    },
  },
  {
    name: "data are kept",
    async run(world) {
      const { guest } = await cast(world);
      await guest.call("remember", { name: "Ann", of: [1, 2] });
      await close(world, guest);
      await recovered(guest);
      assert.deepEqual(await guest.call("recall"), [{ name: "Ann", of: [1, 2] }]);
    },
  },
  {
    name: "the room of its own id stands for a client that is away",
    async run(world) {
      const { guest, speaker } = await cast(world);
      const id = remember(guest);
      await close(world, guest);
      speaker.emit("room-send", id, 1);
      await speaker.settled();
      await recovered(guest);
      speaker.emit("room-send", id, 2);
      await speaker.settled();
      assert.deepEqual(await heard(guest, "room-msg"), [[1], [2]]);
    },
  },
  {
    name: "what is emitted to one socket and does not arrive comes again",
    async run(world) {
      const { proxy, guest } = await cast(world);
      proxy.mute();
      guest.emit("message", "lost");
      await proxy.swallowed("message-back");
      await cut({ proxy, guest });
      await recovered(guest);
      assert.deepEqual(await heard(guest, "message-back"), [["lost"]]);
    },
    abandons: true,
  },
  {
    name: "a volatile event that ends in a text does not break the next recovery",
    async run(world) {
      const { guest, speaker } = await cast(world);
      await until("a volatile event to find the guest listening", async () => {
        speaker.emit("volatile", "a text");
        await speaker.settled();
        await guest.settled();
        return guest.arrived("bcast").length > 0;
      });
      while (guest.arrived("bcast").length > 0) assert.equal((await guest.next("bcast"))[0], "a text");
      await close(world, guest);
      await say(speaker, 1, 2);
      await recovered(guest);
      assert.deepEqual(await heard(guest, "bcast"), numbers(1, 2));
    },
    defect: "the client takes the text for its offset",
  },
  {
    name: "a volatile event is not sent again",
    async run(world) {
      const { guest, speaker } = await cast(world);
      await close(world, guest);
      speaker.emit("volatile", 1);
      await say(speaker, 2, 2);
      await recovered(guest);
      assert.deepEqual(await heard(guest, "bcast"), [[2]]);
    },
  },
  {
    name: "a client that has received nothing yet is recovered",
    async run(world) {
      const { guest, speaker } = await cast(world, "/quiet");
      remember(guest);
      await close(world, guest);
      await say(speaker, 1, 2);
      await recovered(guest);
      assert.deepEqual(await heard(guest, "bcast"), numbers(1, 2));
    },
    defect: "there is no offset to look for",
  },
  {
    name: "a client is recovered three times in a row",
    async run(world) {
      const { guest, speaker } = await cast(world);
      remember(guest);
      for (const round of [1, 2, 3]) {
        await close(world, guest);
        // The second time there is nothing to miss.
        if (round !== 2) await say(speaker, round, round);
        await recovered(guest);
        await guest.next("auth");
      }
      assert.deepEqual(await heard(guest, "bcast"), [[1], [3]]);
    },
  },
  {
    name: "each namespace of a connection is recovered by itself",
    async run(world) {
      const connection = world.connection({ autoConnect: false });
      const guests = [await connection.join("/"), await connection.join("/custom")];
      const speakers = [await world.peer("/"), await world.peer("/custom")];
      for (const peer of [...guests, ...speakers]) {
        await peer.next("auth");
        await settledOn(peer);
        remember(peer);
      }
      await close(world, guests[0]);
      await guests[1].next("disconnect");
      await say(speakers[0], 1, 2);
      await say(speakers[1], 11, 12);
      await Promise.all(guests.map(recovered));
      assert.deepEqual(await heard(guests[0], "bcast"), numbers(1, 2));
      assert.deepEqual(await heard(guests[1], "bcast"), numbers(11, 12));
    },
  },
  {
    name: "a client that left by itself begins a new session",
    async run(world) {
      const { guest, speaker } = await cast(world);
      const id = remember(guest);
      guest.socket.disconnect();
      await until("the server to hear of it", async () => (await world.health()).sockets === 1);
      await say(speaker, 1, 1);
      await back(guest);
      assert.ok(!guest.socket.recovered && guest.id !== id);
      assert.deepEqual(await heard(guest, "bcast"), []);
    },
  },
  {
    name: "a server that was started again begins a new session",
    async run(world) {
      const { guest } = await cast(world);
      const id = remember(guest);
      await world.server.kill();
      await guest.next("disconnect");
      await world.server.start();
      await back(guest);
      assert.ok(!guest.socket.recovered && guest.id !== id);
      assert.deepEqual(await guest.call("message-with-ack", "again"), ["again"]);
    },
  },
  {
    name: "of two clients with one session the later has it, and the earlier is told",
    async run(world) {
      const { guest, speaker } = await cast(world);
      const id = remember(guest);
      await close(world, guest);
      const thief = world.connection({ autoConnect: false }).socket();
      const { _pid, _lastOffset } = guest.socket;
      Object.assign(thief.socket, { _pid, _lastOffset });
      await recovered(guest);
      await back(thief);
      assert.deepEqual([thief.socket.recovered, thief.id], [true, id]);
      assert.equal((await guest.next("disconnect"))[0], "io server disconnect");
      await say(speaker, 1, 1);
      assert.deepEqual([await heard(thief, "bcast"), guest.arrived("bcast")], [[[1]], []]);
    },
    defect: "the later is refused, or both are recovered",
  },
  {
    name: "a question that was under way at the cut fails, and what was asked meanwhile is answered",
    async run(world) {
      const { proxy, guest } = await cast(world);
      remember(guest);
      proxy.mute();
      const answers = [];
      const failed = new Promise((resolve) => {
        guest.socket.timeout(60_000).emit("message-with-ack", "lost", (...answer) => resolve(answers.push(answer)));
      });
      await proxy.swallowed("lost");
      await cut({ proxy, guest });
      await within("the question to fail", failed);
      const asked = guest.call("message-with-ack", "meanwhile");
      await recovered(guest);
      assert.deepEqual(await asked, ["meanwhile"]);
      await guest.settled();
      assert.deepEqual(answers.map(([error]) => error.message), ["socket has been disconnected"]);
    },
    abandons: true,
  },
  {
    name: "what the server asks has no offset, and its answer is taken",
    async run(world) {
      const { guest } = await cast(world);
      const asked = once(guest.socket, "emit-with-ack");
      guest.emit("emit-with-ack", "text");
      const [text, answer] = await asked;
      assert.deepEqual([text, typeof answer], ["text", "function"]);
      // It was arrived() for the peer as well: that is taken here.
      await guest.next("emit-with-ack");
      answer("reply");
      assert.equal((await guest.next("emit-with-ack"))[0], "reply");
    },
  },
  {
    name: "an event that a client retries is processed once",
    async run(world) {
      const { proxy, guest, speaker } = await cast(world, "/quiet", { retries: 3, ackTimeout: 60_000 });
      const [before] = await speaker.call("once", "probe-0");
      proxy.mute();
      const answered = new Promise((resolve) => guest.socket.emit("once", `${guest.id}-0`, (...answer) => resolve(answer)));
      await proxy.swallowed(`[${before + 1}]`);
      await cut({ proxy, guest });
      await back(guest);
      assert.deepEqual(await within("the answer", answered), [null, before + 1]);
      assert.deepEqual(await speaker.call("once", "probe-1"), [before + 2]);
    },
    abandons: true,
    defect: "it has no such help",
  },
];

const late = [
  {
    name: "a client that comes back too late begins a new session",
    async run(world) {
      const { guest, speaker } = await cast(world);
      const id = remember(guest);
      await close(world, guest);
      const lost = performance.now();
      await say(speaker, 1, 1);
      await until("the session to be over", async () => performance.now() > lost + 200);
      await back(guest);
      assert.ok(!guest.socket.recovered && guest.id !== id);
      assert.deepEqual(await heard(guest, "bcast"), []);
    },
  },
];

const named = (scenario) => ({ ...scenario, name: `recovery: ${scenario.name}` });

export const recovery = scenarios.map(named);

/** With sessions of 100 ms. */
export const recoveryLate = late.map(named);
