// This client beside the official one, in one process, in turns: emits and events received per second, and bytes of heap per
// 1,000 connected sockets. A second is one of this process's own time (user and system), because what the server and the
// rest of the machine need is not the client's.
//
// The server is a process of its own, so that only the clients are measured.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import * as ours from "../dist/node.js";

const ROUNDS = 5;
const EVENTS = 100_000;
const SOCKETS = 1_000;

const require = createRequire(import.meta.url);
const CLIENTS = { official: require("socket.io-client"), ours };

const server = spawn(process.execPath, [fileURLToPath(new URL("server.js", import.meta.url))], {
  stdio: ["ignore", "pipe", "inherit"],
});
const address = await new Promise((resolve) => server.stdout.once("data", (text) => resolve(String(text).trim())));

const options = { transports: ["websocket"], forceNew: true, reconnection: false };
const payload = { text: "the quick brown fox", number: 1.5, list: [1, 2, 3], flag: true };

function connect({ io }) {
  const socket = io(address, options);
  return new Promise((resolve, reject) => {
    socket.on("connect", () => resolve(socket));
    socket.on("connect_error", reject);
  });
}

/** Events per second of this process's time since `begin`. */
function rate(begin) {
  const { user, system } = process.cpuUsage(begin);
  return (1e6 * EVENTS) / (user + system);
}

/** Emits in bursts of 100 until the server has them all. */
async function emits(client) {
  const socket = await connect(client);
  const begin = process.cpuUsage();
  for (let sent = 0; sent < EVENTS; ) {
    for (let burst = 0; burst < 100; burst++, sent++) socket.emit("event", sent, payload);
    await new Promise(setImmediate);
  }
  await socket.emitWithAck("flush");
  const found = rate(begin);
  socket.disconnect();
  return found;
}

async function receives(client) {
  const socket = await connect(client);
  let heard = 0;
  const begin = process.cpuUsage();
  await new Promise((resolve) => {
    socket.on("event", () => {
      if (++heard === EVENTS) resolve();
    });
    socket.emit("send me", EVENTS, payload);
  });
  const found = rate(begin);
  socket.disconnect();
  return found;
}

/** What both clients have of Node itself (TCP, HTTP parser) is in here as well. */
async function heap(client) {
  global.gc();
  const before = process.memoryUsage().heapUsed;
  const sockets = [];
  while (sockets.length < SOCKETS)
    sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => connect(client)))));
  await new Promise((resolve) => setTimeout(resolve, 200));
  global.gc();
  const used = process.memoryUsage().heapUsed - before;
  for (const socket of sockets) socket.disconnect();
  await new Promise((resolve) => setTimeout(resolve, 500));
  return used;
}

const MEASURES = {
  "emits per second": emits,
  "events received per second": receives,
  "bytes of heap per 1,000 sockets": heap,
};
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

for (const [name, measure] of Object.entries(MEASURES)) {
  const found = { official: [], ours: [] };
  for (let round = 0; round < ROUNDS; round++) {
    // The order changes, so that nobody always has the warmer machine.
    const names = round % 2 ? ["ours", "official"] : ["official", "ours"];
    for (const who of names) found[who].push(await measure(CLIENTS[who]));
  }
  const [official, our] = [median(found.official), median(found.ours)];
  const ratio = measure === heap ? official / our : our / official;
  const [left, right] = [official, our].map((value) => Math.round(value).toLocaleString("en").padStart(12));
  console.log(`${name.padEnd(32)} official ${left}   ours ${right}   ${ratio.toFixed(2)} times as good`);
}
server.kill();
process.exit();
