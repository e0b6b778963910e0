//! The official client and ours in a page of the server's own origin, since nothing else may reach it by default.
//!
//! The page is the server's answer to `/healthz` with the scripts put in afterwards. A page made up by the browser would
//! not do: Chromium takes it for one from the open internet and keeps its WebSockets away from this machine.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { once, within } from "../lib/await.mjs";
import { complaints } from "../lib/chromium.mjs";
import { MODES } from "../lib/world.mjs";

const HERE = new URL("..", import.meta.url);

/** Where the files of this folder are to be found in the page's origin. */
const SCRIPTS = "/scripts/";

/** Modules that Node has, and what stands for them in the page. */
const IMPORTS = {
  "node:assert/strict": `${SCRIPTS}browser/page/assert.mjs`,
  "socket.io-client": `${SCRIPTS}browser/page/client.mjs`,
};

export const OFFICIAL = {
  name: "official client",
  script: { path: createRequire(import.meta.url).resolve("socket.io-client/dist/socket.io.js") },
};

/** The client that the server under test itself serves, unless a file is named. */
export const ours = (file) => ({ name: "our client", script: file ? { path: file } : { url: "/socket.io/socket.io.js" } });

/** Runs every scenario with a client in the modes that are named. */
export async function runClient(browser, server, client, modes, runner, who = client.name) {
  const page = await browser.newPage();
  const heard = complaints(page);
  const diagnose = () => `${heard()}\nthe server wrote:\n${server.log}`;
  await page.exposeFunction("server", (verb) => server[verb]());
  await prepare(page, client, server.origin);
  for (const mode of MODES.filter(({ name }) => modes.includes(name))) {
    const scenario = (name, run) => runner.scenario(`${who}, ${mode.name}: ${name}`, run, diagnose);
    await scenario("transport", () => transport(page, mode));
    for (const name of await page.evaluate((mode) => window.scenarioNames(mode), mode)) {
      const run = () => page.evaluate(([name, mode]) => window.runScenario(name, mode), [name, mode]);
      if (!(await scenario(name, run)) || !server.alive) await server.restart();
    }
  }
  await page.close();
}

/** Brings client and scenarios into a page at this origin. */
export async function prepare(page, client, origin) {
  await page.route(`**${SCRIPTS}**`, (route) => {
    const path = fileURLToPath(new URL(new URL(route.request().url()).pathname.slice(SCRIPTS.length), HERE));
    return route.fulfill({ path, contentType: "text/javascript" });
  });
  await page.goto(`${origin}/healthz`);
  await page.addScriptTag(client.script);
  await page.addScriptTag({ path: fileURLToPath(new URL("browser/page/buffer.js", HERE)) });
  await page.evaluate((imports) => {
    const map = document.createElement("script");
    map.type = "importmap";
    map.textContent = JSON.stringify({ imports });
    document.head.append(map);
  }, IMPORTS);
  await page.addScriptTag({ type: "module", url: `${SCRIPTS}browser/page/main.mjs` });
}

/** Looks at the wire: which transports the client really used, and that an upgrade ran to its end. */
export async function transport(page, mode) {
  const polls = [];
  const sockets = [];
  const upgraded = new Promise((resolve) => {
    page.on("websocket", (socket) => {
      sockets.push(socket);
      socket.on("framesent", ({ payload }) => payload === "5" && resolve());
    });
  });
  page.on("request", (request) => request.url().includes("transport=polling") && polls.push(request.url()));
  await page.evaluate((transports) => {
    window.socket = io("/", { transports, forceNew: true, reconnection: false });
    return new Promise((resolve) => window.socket.once("connect", resolve));
  }, mode.transports);
  if (mode.name === "upgrade") await within("the packet that ends the upgrade", upgraded);
  const answer = await page.evaluate(() => window.socket.timeout(5_000).emitWithAck("message-with-ack", "over the wire"));
  assert.equal(answer, "over the wire");
  await page.evaluate(() => window.socket.disconnect());
  page.removeAllListeners("websocket");
  page.removeAllListeners("request");
  assert.equal(polls.length > 0, mode.name !== "websocket", `${polls.length} polling requests`);
  assert.equal(sockets.length, mode.name === "polling" ? 0 : 1, `${sockets.length} WebSockets`);
  for (const socket of sockets) if (!socket.isClosed()) await once(socket, "close");
}
