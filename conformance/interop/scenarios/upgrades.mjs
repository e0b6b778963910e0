//! The upgrade under load: numbered events go back and forth while the connection changes its transport.

import assert from "node:assert/strict";
import { once, within } from "../lib/await.mjs";

/** `UPGRADES=200` for a shorter run. */
const UPGRADES = Number(process.env.UPGRADES ?? 1000);
const EVENTS_PER_MS = 5;

/** How long the traffic goes on once the new transport is in use, in milliseconds. */
const AFTERWARDS_MS = 15;

export const upgrades = [
  {
    name: `${UPGRADES} upgrades while both sides send ${EVENTS_PER_MS} events per ms lose, double and reorder nothing`,
    modes: ["upgrade"],
    limit: UPGRADES * 500,
    async run(world) {
      const total = { sent: 0, lost: 0, doubled: 0, reordered: 0 };
      for (let count = 0; count < UPGRADES; count += 1) {
        const seen = await upgradeUnderLoad(world);
        for (const key of Object.keys(total)) total[key] += seen[key];
      }
      const { sent, lost, doubled, reordered } = total;
      const line = `${sent} events each way, ${lost} lost, ${doubled} doubled, ${reordered} reordered`;
      assert.ok(lost === 0 && doubled === 0 && reordered === 0, line);
      return line;
    },
  },
];

/** Opens a connection, keeps both directions busy until it has upgraded, and counts what went wrong on the way. */
async function upgradeUnderLoad(world) {
  const peer = await world.peer();
  const seen = [];
  peer.socket.on("message-back", (number) => seen.push(number));

  let sent = 0;
  let end = Infinity;
  const start = performance.now();
  const drained = new Promise((resolve) => {
    const pump = () => {
      const now = performance.now();
      for (const due = (now - start) * EVENTS_PER_MS; sent < due; sent += 1) peer.emit("message", sent);
      if (now < end) setImmediate(pump);
      else resolve();
    };
    pump();
  });
  await peer.whileConnected(peer.upgraded());
  end = performance.now() + AFTERWARDS_MS;
  await within("the traffic to end", drained);
  // The server handles events in order, so this ack is behind every answer there will ever be.
  await peer.whileConnected(peer.settled()).catch((error) => {
    const over = peer.engine.transport.name;
    assert.fail(`${error.message}; ${sent} sent, ${seen.length} answered, the last ${seen.at(-1)}, now over ${over}`);
  });
  const left = once(peer.socket, "disconnect");
  peer.socket.disconnect();
  await left;

  const distinct = new Set(seen).size;
  const reordered = seen.filter((number, index) => index > 0 && number < seen[index - 1]).length;
  return { sent, lost: sent - distinct, doubled: seen.length - distinct, reordered };
}
