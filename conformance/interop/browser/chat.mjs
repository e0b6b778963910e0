//! The chat, as people use it: each tab is somebody, the server dies and comes back, the network goes away.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until, within } from "../lib/await.mjs";
import { Server } from "../lib/server.mjs";
import { Tab } from "./tab.mjs";

const WINDOWS = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
];

/** Messages that are sent while the server dies and comes back. */
const FLOOD = 500;

/** Runs the chat's scenarios against a server process of its own, with a database of its own. */
export async function runChat(browser, command, screenshots, runner) {
  const folder = mkdtempSync(join(tmpdir(), "chat-"));
  const server = new Server(command, { CHAT_DB: join(folder, "chat.sqlite") });
  await server.start();
  const context = await browser.newContext();
  const [ada, grace] = [await Tab.open(context, server), await Tab.open(context, server)];
  const diagnose = () => `${ada.heard()}\n${grace.heard()}\nthe server wrote:\n${server.log}`;
  const scenario = (name, run) => runner.scenario(`chat: ${name}`, run, diagnose);

  await scenario("who comes is asked for a name, and is seen by the others", async () => {
    await ada.signIn("Ada");
    await grace.signIn("Ada");
    await grace.page.locator("#sign-in-notice").filter({ hasText: "Somebody here is called Ada already." }).waitFor();
    await grace.signIn("Grace");
    await grace.enters();
    for (const tab of [ada, grace]) assert.deepEqual(await tab.people(), ["Everyone", "Ada", "Grace"].filter((name) => name !== tab.name));
    await ada.page.locator("#messages .event").filter({ hasText: "Grace joined" }).waitFor();
  });
  await scenario("the state tells of the transport and the round trip", async () => {
    await ada.page.locator("#state-detail").filter({ hasText: /^WebSocket · \d+ ms$/ }).waitFor();
    assert.equal(await ada.page.textContent("#state-text"), "Connected");
  });
  await scenario("a message appears in both tabs, once, and the input is empty", async () => {
    await ada.say("hello from Ada");
    await grace.say("and hello back");
    for (const tab of [ada, grace]) await tab.shows("Ada", "hello from Ada");
    for (const tab of [ada, grace]) await tab.shows("Grace", "and hello back");
    assert.equal(await ada.page.inputValue("#input"), "");
  });
  await scenario("markup stays text, in messages and in names", async () => {
    const mallory = await Tab.open(context, server);
    await mallory.signIn("<b>Mallory</b>");
    await mallory.enters();
    await mallory.say("<img src=x onerror=\"document.title='owned'\">");
    for (const tab of [ada, grace]) await tab.shows("<b>Mallory</b>", "<img src=x");
    assert.equal(await grace.page.locator("#messages :is(img, b)").count(), 0);
    await mallory.page.close();
    await grace.page.locator("#messages .event").filter({ hasText: "<b>Mallory</b> left" }).waitFor();
  });
  await scenario("what is too long is refused and given back", async () => {
    await ada.page.evaluate(() => document.querySelector("#input").removeAttribute("maxlength"));
    await ada.say("x".repeat(2_001));
    await ada.page.locator("#notice").filter({ hasText: "a message may have 2000 characters, this one has 2001" }).waitFor();
    assert.equal((await ada.page.inputValue("#input")).length, 2_001);
    await ada.page.fill("#input", "");
  });
  await scenario("typing is seen, and ends with the message", async () => {
    await ada.page.locator("#input").pressSequentially("so");
    await grace.page.locator("#typing").filter({ hasText: "Ada is typing…" }).waitFor();
    await ada.page.press("#input", "Enter");
    await grace.shows("Ada", "so");
    assert.equal(await grace.page.textContent("#typing"), "");
  });
  await scenario("a private message is between two, and is counted until it is read", async () => {
    const edsger = await Tab.open(context, server);
    await edsger.signIn("Edsger");
    await edsger.enters();
    await ada.choose("Grace");
    await ada.say("for you alone");
    await ada.shows("Ada", "for you alone");
    await grace.page.locator("#conversations button", { hasText: "Ada" }).locator(".count").waitFor();
    assert.ok(!(await grace.lines()).some((line) => line.includes("for you alone")));
    await grace.choose("Ada");
    await grace.shows("Ada", "for you alone");
    await ada.page.locator("#input").pressSequentially("more");
    await grace.page.locator("#typing").filter({ hasText: "Ada is typing…" }).waitFor();
    await ada.page.fill("#input", "");
    assert.equal(await edsger.page.textContent("#typing"), "");
    await edsger.page.reload();
    await edsger.enters();
    assert.ok(!(await edsger.page.content()).includes("for you alone"));
    await edsger.page.close();
    for (const tab of [ada, grace]) await tab.choose("Everyone");
  });
  await scenario("a reload shows what was said before, once and in order, under the same name", async () => {
    await grace.page.reload();
    await grace.enters();
    await grace.shows("Ada", "hello from Ada");
    const lines = await grace.lines();
    const at = (text) => lines.findIndex((line) => line.includes(text));
    assert.ok(at("hello from Ada") < at("and hello back"));
    assert.equal(await grace.page.textContent("#my-name"), "Grace");
  });
  await scenario("keyboard alone: to a conversation and back, and what has the focus is seen", () => keyboard(ada));
  await pictures(browser, server, ada, screenshots, scenario);
  await scenario(`of ${FLOOD} messages none is lost or doubled when the server dies in their midst`, async () => {
    await flood(ada, server, async () => {
      await server.kill();
      await server.start();
    });
    for (const tab of [ada, grace]) await tab.hasNumbers(FLOOD);
  });
  await scenario("a reload in the midst of sending loses and doubles nothing", async () => {
    await ada.page.evaluate(() => {
      for (let n = 1; n <= 100; n += 1) window.sayNow(`reload ${n}`);
      location.reload();
    });
    await ada.page.waitForEvent("load");
    await ada.enters();
    for (const tab of [ada, grace]) await tab.hasNumbers(100, "reload");
  });
  await scenario("offline and back: what was said meanwhile on both sides is there, once", async () => {
    await ada.online(false);
    await ada.page.locator("#state[data-state=waiting]").waitFor();
    await ada.say("said while offline");
    await grace.say("said meanwhile");
    await ada.page.locator("#outbox li").filter({ hasText: "said while offline" }).waitFor();
    await ada.online(true);
    for (const tab of [ada, grace]) {
      await tab.shows("Ada", "said while offline");
      await tab.shows("Grace", "said meanwhile");
    }
    assert.equal(await ada.page.locator("#outbox li").count(), 0);
  });
  await scenario("a server that is stopped says why, and the page comes back to the next one", async () => {
    await server.stop();
    await ada.page.locator("#state-text").filter({ hasText: "The chat has been stopped. Reconnecting…" }).waitFor();
    await server.start();
    for (const tab of [ada, grace]) await tab.enters();
    await grace.say("here again");
    await ada.shows("Grace", "here again");
  });

  await context.close();
  await server.kill();
  rmSync(folder, { recursive: true });
}

/** Sends the numbers from one tab, and does `meanwhile` when a third of them has been said. */
async function flood(tab, server, meanwhile) {
  const third = tab.page.evaluate((wanted) => new Promise((resolve) => {
    const watching = new MutationObserver(() => {
      if (document.querySelectorAll("#messages li[data-id]").length < wanted) return;
      watching.disconnect();
      resolve();
    });
    watching.observe(document.querySelector("#messages"), { childList: true });
  }), FLOOD / 3);
  await tab.page.evaluate((count) => {
    for (let n = 1; n <= count; n += 1) window.sayNow(`number ${n}`);
  }, FLOOD);
  await within("a third of the messages", third);
  await meanwhile();
  const answered = async () => (await tab.page.locator("#outbox li").count()) === 0;
  await until("all messages to be confirmed", answered, 30_000);
}

async function keyboard(tab) {
  const { page } = tab;
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.dataset.id);
  await page.setViewportSize(WINDOWS[0]);
  await page.focus("#menu");
  await page.keyboard.press("Enter");
  assert.equal(await page.getAttribute("#menu", "aria-expanded"), "true");
  assert.ok(await page.evaluate(() => document.activeElement.matches("#conversations [aria-current]")));
  await page.keyboard.press("Escape");
  assert.equal(await focused(), "menu");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "input");
  assert.equal(await page.getAttribute("#menu", "aria-expanded"), "false");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid");
  await page.setViewportSize(WINDOWS[1]);
  await tab.choose("Everyone");
}

/** Screenshots of each width, light and dark; the page must fit, and every control must have a name. */
async function pictures(browser, server, host, screenshots, scenario) {
  mkdirSync(screenshots, { recursive: true });
  for (const { width, height } of WINDOWS) {
    for (const colorScheme of ["light", "dark"]) {
      await scenario(`the page fits a window of ${width} pixels, ${colorScheme}`, async () => {
        const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
        const tab = await Tab.open(context, server);
        const shoot = (name) => tab.page.screenshot({ path: join(screenshots, `chat-${name}-${width}-${colorScheme}.png`) });
        await shoot("sign-in");
        const nickname = `Barbara ${width} ${colorScheme}`;
        await tab.signIn(nickname);
        await tab.enters();
        await tab.say("A longer message, which takes more than one line on a phone and shows how the text runs beside the badge.");
        await tab.say("And another one.");
        await host.choose(nickname);
        await host.say("psst");
        await host.choose("Everyone");
        await host.say(`Welcome, ${nickname}!`);
        await tab.shows("Ada", `Welcome, ${nickname}!`);
        await host.page.locator("#input").pressSequentially("…");
        await tab.page.locator("#typing").filter({ hasText: "typing" }).waitFor();
        await tab.page.locator("#state-detail").filter({ hasText: "ms" }).waitFor();
        await shoot("talk");
        await host.page.fill("#input", "");
        for (const part of ["html", "#side", "#main", "#scroller"]) {
          const overflow = await tab.page.evaluate((part) => {
            const { scrollWidth, clientWidth } = document.querySelector(part);
            return scrollWidth - clientWidth;
          }, part);
          assert.ok(overflow <= 0, `${part} is ${overflow} pixels too wide`);
        }
        assert.ok(await tab.page.locator("#input").isVisible());
        await tab.nothingIsNameless();
        if (width < 700) {
          await tab.page.click("#menu");
          await tab.page.locator("#conversations").waitFor();
          await until("the side to stand", () => tab.page.evaluate(() => document.querySelector("#side").getBoundingClientRect().left >= 0));
          await shoot("side");
          await tab.page.keyboard.press("Escape");
        }
        await tab.choose("Ada");
        await tab.shows("Ada", "psst");
        await shoot("private");
        await context.close();
      });
    }
  }
}
