//! A relay in front of a server that passes every byte on as it is, and counts: what a client and the server really said.

import { connect, createServer } from "node:net";
import { once } from "./await.mjs";
import { freePort } from "./ports.mjs";

export class Relay {
  #listener = createServer((client) => this.#accept(client));
  #sockets = new Set();
  #answers = [];
  #upstream;
  port = 0;
  /** Bytes that passed so far. */
  toServer = 0;
  toClient = 0;

  /** A relay that passes everything on to `upstream`, a port of this machine. */
  static async before(upstream) {
    const relay = new Relay();
    relay.#upstream = upstream;
    relay.port = await freePort();
    relay.#listener.listen(relay.port, "127.0.0.1");
    await once(relay.#listener, "listening");
    return relay;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The extensions of each WebSocket that was opened; `undefined` for one that has none. */
  get extensions() {
    const opened = this.#answers.filter((head) => head.startsWith("HTTP/1.1 101"));
    return opened.map((head) => head.match(/^sec-websocket-extensions: *(.*?)\r$/im)?.[1]);
  }

  #accept(client) {
    const server = connect(this.#upstream, "127.0.0.1");
    let first = true;
    client.on("data", (data) => (this.toServer += data.length));
    server.on("data", (data) => {
      this.toClient += data.length;
      if (first) this.#answers.push(data.toString("latin1"));
      first = false;
    });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ]) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.pipe(to);
      from.once("error", () => to.destroy());
      from.once("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }

  close() {
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
