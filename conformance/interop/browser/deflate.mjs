//! A browser offers permessage-deflate by itself: a client in a page against a server that compresses everything, with a
//! look at the wire.

import assert from "node:assert/strict";
import { complaints } from "../lib/chromium.mjs";
import { Relay } from "../lib/relay.mjs";
import { MODES } from "../lib/world.mjs";
import { prepare, transport } from "./clients.mjs";

/** Scenarios that send and receive texts, bytes and a broadcast. */
const TALK = [
  "a string of 300 kB comes back whole",
  "bytes of 300 kB come back whole",
  "a broadcast reaches every client of the namespace, with bytes in it",
];
const SIZE = 600_000;

/** Runs the talk in every mode. */
export async function runDeflate(browser, server, client, runner) {
  for (const mode of MODES) {
    const page = await browser.newPage();
    const heard = complaints(page);
    const relay = await Relay.before(server.port);
    const run = () => talk(page, client, mode, relay);
    const diagnose = () => `${heard()}\nthe server wrote:\n${server.log}`;
    await runner.scenario(`${client.name}, ${mode.name}: deflate: messages are compressed on a WebSocket alone`, run, diagnose);
    await page.close();
    relay.close();
  }
}

async function talk(page, client, mode, relay) {
  await prepare(page, client, relay.origin);
  // One connection that is upgraded for sure.
  await transport(page, mode);
  assert.equal(relay.extensions.length, mode.name === "polling" ? 0 : 1);
  const before = { toServer: relay.toServer, toClient: relay.toClient };
  for (const name of TALK) await page.evaluate(([name, mode]) => window.runScenario(name, mode), [name, mode]);
  for (const extensions of relay.extensions) assert.match(extensions, /^permessage-deflate(;|$)/);
  const [up, down] = [relay.toServer - before.toServer, relay.toClient - before.toClient];
  if (mode.name === "websocket") assert.ok(up < SIZE / 5 && down < SIZE / 5, `${up} bytes up, ${down} down`);
  // What is answered to polls has a compression of its own.
  if (mode.name === "polling") assert.ok(up > SIZE, `${up} bytes up`);
}
