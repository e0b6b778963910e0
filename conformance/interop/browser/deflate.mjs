//! A browser offers permessage-deflate by itself: the clients in a page against a server that compresses everything, with a
//! look at the wire.

import assert from "node:assert/strict";
import { complaints } from "../lib/chromium.mjs";
import { Relay } from "../lib/relay.mjs";
import { MODES } from "../lib/world.mjs";
import { clients, prepare, scenario, transport } from "./clients.mjs";

/** The scenarios in the page that send and receive texts, bytes and broadcasts. One of the texts has this size. */
const TALK = ["events", "binary", "rooms"];
const TEXT_BYTES = 300_000;

/** Runs the talk with every client in every mode. */
export async function runDeflate(browser, server, file, runner) {
  for (const client of clients(file)) {
    for (const mode of MODES) {
      const page = await browser.newPage();
      const heard = complaints(page);
      const relay = await Relay.before(server.port);
      const name = `${client.name}, ${mode.name}: messages are compressed on a WebSocket and only there`;
      await runner.scenario(
        name,
        () => talk(page, client, mode, relay, server),
        () => `${heard()}\nthe server wrote:\n${server.log}`,
      );
      await page.close();
      relay.close();
    }
  }
}

async function talk(page, client, mode, relay, server) {
  await prepare(page, client, relay);
  // In a connection that is upgraded for sure.
  await transport(page, mode);
  assert.equal(relay.extensions.length, mode.name === "polling" ? 0 : 1);
  const before = { toServer: relay.toServer, toClient: relay.toClient };
  for (const name of TALK) await scenario(page, name, mode, server);
  for (const extensions of relay.extensions) assert.match(extensions, /^permessage-deflate(;|$)/);
  const [up, down] = [relay.toServer - before.toServer, relay.toClient - before.toClient];
  if (mode.name === "websocket") assert.ok(up < TEXT_BYTES / 5 && down < TEXT_BYTES / 5, `${up} up, ${down} down`);
  if (mode.name === "polling") assert.ok(up > TEXT_BYTES && down > TEXT_BYTES, `${up} up, ${down} down`);
}
