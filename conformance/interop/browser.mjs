//! Headless Chromium against a contract server, with the official client and with the one the server itself serves, and
//! then the chat in two tabs. The options are in lib/options.mjs; the closing line is `browser: N passed, M failed`.

import { runChat } from "./browser/chat.mjs";
import { runClients } from "./browser/clients.mjs";
import { runDeflate } from "./browser/deflate.mjs";
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
  await runClients(browser, server, options.client, runner);
  await server.kill();
  const compressing = new Server(options.contract, { SLOWPING: "1", DEFLATE: "1" });
  await compressing.start();
  await runDeflate(browser, compressing, options.client, runner);
  await compressing.kill();
  await runChat(browser, options.chat(), options.screenshots, runner);
} finally {
  await browser.close();
}
runner.finish();
