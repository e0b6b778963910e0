//! One tab of the browser, at the chat: what a person does there, and what a person sees.

import assert from "node:assert/strict";
import { until } from "../lib/await.mjs";
import { complaints } from "../lib/chromium.mjs";

const PATIENCE = 15_000;

export class Tab {
  name = "";

  constructor(page) {
    this.page = page;
    this.heard = complaints(page);
  }

  static async open(context, server) {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.addInitScript(() => {
      // As fast as a person cannot: what is typed, and the form.
      window.sayNow = (text) => {
        document.querySelector("#input").value = text;
        document.querySelector("#form").requestSubmit();
      };
    });
    const tab = new Tab(page);
    await page.goto(server.origin);
    return tab;
  }

  /** Says who it is; whether that is accepted is to be seen. */
  async signIn(nickname) {
    this.name = nickname;
    await this.page.fill("#nickname", nickname);
    await this.page.press("#nickname", "Enter");
  }

  /** Waits until this tab is connected and knows who is here. */
  async enters() {
    await this.page.locator("#state[data-state=online]").waitFor();
    await this.page.locator("#sign-in").waitFor({ state: "hidden" });
    await this.page.locator("#subtitle").filter({ hasText: /here|online/ }).waitFor();
  }

  /** Types and sends as a user does. */
  async say(text) {
    await this.page.fill("#input", text);
    await this.page.press("#input", "Enter");
  }

  /** Turns to a conversation. */
  async choose(name) {
    const menu = this.page.locator("#menu");
    if (await menu.isVisible()) await menu.click();
    await this.page.locator("#conversations button").filter({ has: this.page.getByText(name, { exact: true }) }).click();
    await this.page.locator("#title").filter({ hasText: name }).waitFor();
  }

  /** Waits for the message, which must be there once and carry its author's name. */
  async shows(nickname, text) {
    const line = this.page.locator("#messages > li").filter({ has: this.page.locator("p", { hasText: text }) });
    await line.first().waitFor();
    assert.equal(await line.count(), 1, `"${text}" is there more than once`);
    assert.ok((await line.textContent()).includes(nickname), `"${text}" does not carry the name ${nickname}`);
  }

  /** The names of the conversations. */
  people() {
    return this.page.locator("#conversations .name").allTextContents();
  }

  /** The texts of all messages, top to bottom. */
  lines() {
    return this.page.locator("#messages > li > p").allTextContents();
  }

  /** Waits for `<word> 1` to `<word> count`, and looks that they are there once, in order. Earlier pages are asked for. */
  async hasNumbers(count, word = "number") {
    const numbers = async () => {
      const said = (await this.lines()).filter((line) => line.startsWith(`${word} `));
      return said.map((line) => Number(line.slice(word.length)));
    };
    await until(`the last of ${count} messages`, async () => (await numbers()).at(-1) === count, PATIENCE);
    while ((await numbers())[0] > 1) {
      const before = (await this.lines()).length;
      await this.page.click("#earlier");
      await until("earlier messages", async () => (await this.lines()).length > before);
    }
    assert.deepEqual(await numbers(), Array.from({ length: count }, (_, index) => index + 1));
  }

  /** Takes this tab's network away, or gives it back. */
  async online(isOnline) {
    this.devtools ??= await this.page.context().newCDPSession(this.page);
    await this.devtools.send("Network.enable");
    await this.devtools.send("Network.emulateNetworkConditions", {
      offline: !isOnline,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
  }

  /** Whatever can be operated has a name in the accessibility tree. */
  async nothingIsNameless() {
    this.devtools ??= await this.page.context().newCDPSession(this.page);
    const { nodes } = await this.devtools.send("Accessibility.getFullAXTree");
    const operable = ["button", "textbox", "dialog", "region", "navigation", "log", "list"];
    const nameless = nodes.filter(
      ({ ignored, role, name, childIds }) =>
        !ignored && operable.includes(role?.value) && !name?.value && (role.value !== "list" || childIds?.length === 0),
    );
    assert.deepEqual(nameless.map(({ role }) => role.value), []);
  }
}
