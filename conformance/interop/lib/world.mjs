//! What a scenario sees: the server, the transport mode, and a way to connect that is cleaned up afterwards.

import assert from "node:assert/strict";
import { until } from "./await.mjs";
import { Connection } from "./peer.mjs";

/** How a client may reach the server. */
export const MODES = [
  { name: "polling", transports: ["polling"] },
  { name: "websocket", transports: ["websocket"] },
  { name: "upgrade", transports: ["polling", "websocket"] },
];

export class World {
  #connections = [];
  #proxies = [];

  /** @param {object} options of every `Manager` in this world */
  constructor(server, mode, options = {}) {
    this.server = server;
    this.mode = mode;
    this.options = options;
  }

  /** A new connection in this world's mode. */
  connection(options = {}, origin = this.server.origin) {
    const connection = new Connection(origin, {
      transports: this.mode.transports,
      ...this.options,
      ...options,
    });
    this.#connections.push(connection);
    return connection;
  }

  /** A connected peer on a connection of its own. */
  async peer(namespace = "/", auth = undefined, options = {}) {
    return this.connection({ autoConnect: false, ...options }).join(namespace, auth);
  }

  /** A network of its own between a connection and the server: the connection's `origin` is the proxy's. */
  async proxy() {
    // Only where there are sockets: a page has none.
    const { Proxy } = await import("./proxy.mjs");
    const proxy = await Proxy.before(this.server.port);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** What the server says about itself. */
  async health() {
    const response = await fetch(`${this.server.origin}/healthz`);
    assert.equal(response.status, 200);
    return response.json();
  }

  /** Closes every connection; the network lets the last words through. */
  close() {
    for (const proxy of this.#proxies) proxy.release();
    for (const connection of this.#connections) connection.close();
  }

  /** Waits until the server holds nothing of the connections that were closed. */
  async forgotten() {
    let left = {};
    await until("the server to forget all clients, sockets and rooms", async () => {
      const { clients, sockets, rooms } = await this.health();
      left = { clients, sockets, rooms };
      return clients === 0 && sockets === 0 && rooms === 0;
    }).catch((error) => assert.fail(`${error.message}; it still holds ${JSON.stringify(left)}`));
    for (const proxy of this.#proxies) proxy.close();
  }
}
