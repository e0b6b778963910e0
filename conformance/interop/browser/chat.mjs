//! The chat in two tabs: `#form` sends `#input` under the name in `#nickname`, `#messages` lists what was said.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { complaints } from "../lib/chromium.mjs";
import { Server } from "../lib/server.mjs";

const WIDTHS = [390, 1280];
const PATIENCE = { timeout: 10_000 };

/** Runs the chat's scenarios against a server process of its own, with a database of its own. */
export async function runChat(browser, command, screenshots, runner) {
  const folder = mkdtempSync(join(tmpdir(), "chat-"));
  const server = new Server(command, { CHAT_DB: join(folder, "chat.sqlite") });
  await server.start();
  const context = await browser.newContext();
  const [first, second] = [await Tab.open(context, server), await Tab.open(context, server)];
  const diagnose = () => `${first.heard()}\n${second.heard()}\nthe server wrote:\n${server.log}`;
  const scenario = (name, run) => runner.scenario(`chat: ${name}`, run, diagnose);

  await scenario("a message appears in both tabs under its nickname", async () => {
    await first.say("Ada", "hello from the first tab");
    for (const tab of [first, second]) await tab.shows("Ada", "hello from the first tab");
    await second.say("Grace", "and hello back");
    for (const tab of [first, second]) await tab.shows("Grace", "and hello back");
  });
  await scenario("the input is empty after sending", async () => {
    assert.equal(await first.page.inputValue("#input"), "");
  });
  await scenario("markup in a message stays text", async () => {
    await first.say("Mallory", "<img src=x onerror=\"document.title='owned'\">");
    await second.shows("Mallory", "<img src=x");
    assert.equal(await second.page.locator("#messages img").count(), 0);
  });
  await scenario("a reload shows what was said before, once and in order", async () => {
    await second.page.reload();
    await second.shows("Ada", "hello from the first tab");
    await second.shows("Mallory", "<img src=x");
    const lines = await second.lines();
    assert.ok(lines.findIndex((line) => line.includes("first tab")) < lines.findIndex((line) => line.includes("hello back")));
  });
  await scenario("after a crash and restart of the server the tabs talk again without a reload", async () => {
    await server.restart();
    await first.say("Ada", "still here");
    for (const tab of [first, second]) await tab.shows("Ada", "still here");
    await second.say("Grace", "me too");
    for (const tab of [first, second]) await tab.shows("Grace", "me too");
    await first.shows("Ada", "hello from the first tab");
  });
  for (const width of WIDTHS) {
    await scenario(`the page fits a window of ${width} pixels`, async () => {
      mkdirSync(screenshots, { recursive: true });
      await first.page.setViewportSize({ width, height: 800 });
      await first.page.screenshot({ path: join(screenshots, `chat-${width}.png`) });
      const overflow = await first.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `the page is ${overflow} pixels wider than its window`);
      assert.ok(await first.page.locator("#input").isVisible());
    });
  }

  await context.close();
  await server.kill();
  rmSync(folder, { recursive: true });
}

/** One tab of the browser, at the chat. */
class Tab {
  constructor(page) {
    this.page = page;
    this.heard = complaints(page);
  }

  static async open(context, server) {
    const tab = new Tab(await context.newPage());
    await tab.page.goto(server.origin);
    return tab;
  }

  /** Types and sends as a user does. */
  async say(nickname, text) {
    await this.page.fill("#nickname", nickname, PATIENCE);
    await this.page.fill("#input", text, PATIENCE);
    await this.page.press("#input", "Enter", PATIENCE);
  }

  /** Waits for the message, which must be there once and carry its nickname. */
  async shows(nickname, text) {
    const line = this.page.locator("#messages > *").filter({ hasText: text });
    await line.first().waitFor(PATIENCE);
    assert.equal(await line.count(), 1, `"${text}" is there more than once`);
    assert.ok((await line.textContent()).includes(nickname), `"${text}" does not carry the nickname ${nickname}`);
  }

  /** The text of all messages, top to bottom. */
  lines() {
    return this.page.locator("#messages > *").allTextContents();
  }
}
