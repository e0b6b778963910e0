//! The official client and ours in a page of the server's own origin, since nothing else may reach it by default.
//!
//! The page is the server's answer to `/healthz` with the scripts put in afterwards. A page made up by the browser would
//! not do: Chromium takes it for one from the open internet and keeps its WebSockets away from this machine.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { once, until, within } from "../lib/await.mjs";
import { complaints } from "../lib/chromium.mjs";
import { MODES } from "../lib/world.mjs";

const scenarios = fileURLToPath(new URL("scenarios.js", import.meta.url));

/** The clients, and where the page gets each from: the package, and the server under test itself unless a file is named. */
export const clients = (file) => [
  {
    name: "official client",
    script: { path: createRequire(import.meta.url).resolve("socket.io-client/dist/socket.io.js") },
  },
  { name: "our client", script: file ? { path: file } : { url: "/socket.io/socket.io.js" } },
];

/** Runs every scenario with every client in every mode. */
export async function runClients(browser, server, file, runner) {
  for (const client of clients(file)) {
    const page = await browser.newPage();
    const heard = complaints(page);
    const diagnose = () => `${heard()}\nthe server wrote:\n${server.log}`;
    await prepare(page, client, server);
    const names = await page.evaluate(() => window.scenarioNames);
    for (const mode of MODES) {
      const title = (name) => `${client.name}, ${mode.name}: ${name}`;
      await runner.scenario(title("transport"), () => transport(page, mode), diagnose);
      for (const name of names) await runner.scenario(title(name), () => scenario(page, name, mode, server), diagnose);
    }
    await page.close();
  }
}

/** Opens the server's origin with the client and the scenarios in it. */
export async function prepare(page, client, server) {
  await page.exposeFunction("restartServer", () => server.restart());
  await page.goto(`${server.origin}/healthz`);
  await page.addScriptTag(client.script);
  await page.addScriptTag({ path: scenarios });
}

/** Runs a scenario of the page. */
export async function scenario(page, name, mode, server) {
  await page.evaluate(([name, transports]) => window.runScenario(name, transports), [name, mode.transports]);
  await until("the server to forget the page's clients", async () => {
    const health = await (await fetch(`${server.origin}/healthz`)).json();
    return health.clients === 0 && health.sockets === 0 && health.rooms === 0;
  });
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
  await page.evaluate((transports) => window.openTransport(transports), mode.transports);
  if (mode.name === "upgrade") await within("the packet that ends the upgrade", upgraded);
  await page.evaluate(() => window.talkAndClose());
  page.removeAllListeners("websocket");
  page.removeAllListeners("request");
  assert.equal(polls.length > 0, mode.name !== "websocket", `${polls.length} polling requests`);
  assert.equal(sockets.length, mode.name === "polling" ? 0 : 1, `${sockets.length} WebSockets`);
  for (const socket of sockets) if (!socket.isClosed()) await once(socket, "close");
}
