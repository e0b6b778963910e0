//! Headless Chromium against contract servers, with the official client and with the one the server itself serves, then
//! that one at the official server, and then the chat. The options are in lib/options.mjs; the closing line is `browser: N passed, M failed`.

import { runChat } from "./browser/chat.mjs";
import { OFFICIAL, ours, runClient } from "./browser/clients.mjs";
import { runDeflate } from "./browser/deflate.mjs";
import { runNetwork } from "./browser/network.mjs";
import { launch } from "./lib/chromium.mjs";
import { readOptions } from "./lib/options.mjs";
import { Runner } from "./lib/runner.mjs";
import { Server } from "./lib/server.mjs";

const options = readOptions();
const runner = new Runner("browser", options.only);
const browser = await launch();
try {
  const server = new Server(options.contract, { SLOWPING: "1" });
  await server.start();
  await runClient(browser, server, ours(options.client), ["polling", "websocket", "upgrade"], runner);
  await runClient(browser, server, OFFICIAL, ["upgrade"], runner);
  await server.kill();
  const compressing = new Server(options.contract, { SLOWPING: "1", DEFLATE: "1" });
  await compressing.start();
  for (const client of [ours(options.client), OFFICIAL]) await runDeflate(browser, compressing, client, runner);
  await compressing.kill();
  const official = new Server(options.official, { SLOWPING: "1" });
  await official.start();
  await runClient(browser, official, ours(options.bundle), ["upgrade"], runner, "our client at the official server");
  await official.kill();
  await runNetwork(browser, options.contract, ours(options.client), runner);
  if (options.chat) await runChat(browser, options.chat(), options.screenshots, runner);
} finally {
  await browser.close();
}
runner.finish();
