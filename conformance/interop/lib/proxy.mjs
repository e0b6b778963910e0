//! A network that fails when it is told to: a TCP proxy in this process, which cuts connections, or takes what is sent and
//! says nothing.

import { connect, createServer } from "node:net";
import { once, within } from "./await.mjs";

export class Proxy {
  #listener;
  #pairs = new Set();
  #state = "works";
  #swallowed = "";
  #awaiting = null;

  /** A proxy before a port of 127.0.0.1. */
  static async before(port) {
    const proxy = new Proxy();
    proxy.#listener = createServer((client) => proxy.#carry(client, connect(port, "127.0.0.1")));
    proxy.#listener.listen(0, "127.0.0.1").unref();
    await once(proxy.#listener, "listening");
    return proxy;
  }

  get origin() {
    return `http://127.0.0.1:${this.#listener.address().port}`;
  }

  #carry(client, server) {
    const pair = { client, server, dead: false };
    for (const [from, to, direction] of [
      [client, server, "up"],
      [server, client, "down"],
    ]) {
      from.on("data", (data) => {
        if (pair.dead || (direction === "down" && this.#state === "mute")) this.#swallow(data);
        else to.write(data);
      });
      from.on("end", () => pair.dead || to.end());
      from.on("close", () => pair.dead || this.#end(pair));
      from.on("error", () => {});
    }
    this.#pairs.add(pair);
    if (this.#state === "cut") this.#end(pair);
  }

  #end(pair) {
    this.#pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  }

  #swallow(data) {
    this.#swallowed += data.toString("latin1");
    if (this.#awaiting && this.#swallowed.includes(this.#awaiting.text)) this.#awaiting.resolve();
  }

  /** Ends all connections, and each that is made until it is healed. */
  cut() {
    this.#state = "cut";
    for (const pair of this.#pairs) this.#end(pair);
  }

  /** The connections that there are carry nothing any more, not even their end; those that come later do. */
  abandon() {
    for (const pair of this.#pairs) pair.dead = true;
  }

  /** What the server says reaches nobody until it is healed. */
  mute() {
    this.#state = "mute";
    this.#swallowed = "";
  }

  /** Resolves when the server has said this in vain. */
  swallowed(text) {
    const resolved = new Promise((resolve) => {
      this.#awaiting = { text, resolve };
    });
    this.#swallow(Buffer.alloc(0));
    return within(`the server to say ${text}`, resolved);
  }

  /** New connections work again. */
  heal() {
    this.#state = "works";
  }

  /** Works again, and ends what was abandoned. */
  release() {
    this.heal();
    for (const pair of this.#pairs) if (pair.dead) this.#end(pair);
  }

  close() {
    this.cut();
    this.#listener.close();
  }
}
