//! The official client with a memory: every event it received waits until a scenario takes it.

import { Manager as Present } from "socket.io-client";
import { once, within } from "./await.mjs";

export class Peer {
  #arrived = new Map();
  #takers = new Map();

  constructor(socket) {
    this.socket = socket;
    socket.onAny((event, ...args) => this.#deliver(event, args));
    socket.on("connect", () => this.#deliver("connect", []));
    socket.on("connect_error", (error) => this.#deliver("connect_error", [error]));
    socket.on("disconnect", (reason, details) => this.#deliver("disconnect", [reason, details]));
  }

  #deliver(event, args) {
    const taker = this.#takers.get(event)?.shift();
    if (taker) taker(args);
    else this.#queue(event).push(args);
  }

  #queue(event) {
    if (!this.#arrived.has(event)) this.#arrived.set(event, []);
    return this.#arrived.get(event);
  }

  /** The arguments of the next `event` that nobody took, whether it has arrived or is still to come. */
  next(event) {
    const arrived = this.#queue(event);
    if (arrived.length > 0) return Promise.resolve(arrived.shift());
    if (!this.#takers.has(event)) this.#takers.set(event, []);
    const coming = new Promise((resolve) => this.#takers.get(event).push(resolve));
    return within(`the event "${event}"`, coming);
  }

  /** Everything of that name which arrived and was not taken. */
  arrived(event) {
    return [...this.#queue(event)];
  }

  /** Does what needs the connection; fails at once, rather than late, when the connection ends. */
  async whileConnected(work) {
    let end;
    const ended = new Promise((_, reject) => {
      end = (reason) => reject(new Error(`the connection ended meanwhile: ${reason}`));
      this.socket.once("disconnect", end);
    });
    try {
      return await Promise.race([work, ended]);
    } finally {
      this.socket.off("disconnect", end);
    }
  }

  /** The server's answer to an event, as an array of its arguments. */
  call(event, ...args) {
    const answered = new Promise((resolve) => this.socket.emit(event, ...args, (...answer) => resolve(answer)));
    return within(`the ack of "${event}"`, answered);
  }

  /** Resolves when the server has handled all that this peer sent, and this peer has received all that it was sent. */
  async settled() {
    await this.call("count");
  }

  emit(event, ...args) {
    this.socket.emit(event, ...args);
  }

  get id() {
    return this.socket.id;
  }

  get engine() {
    return this.socket.io.engine;
  }

  /** Resolves when the connection runs over WebSocket. */
  async upgraded() {
    if (this.engine.transport.name !== "websocket") await once(this.engine, "upgrade");
  }
}

/** One connection to a server, and the peers of its namespaces. */
export class Connection {
  #peers = [];

  /** @param {object} options of the official `Manager`, and which one it is if not the present one */
  constructor(origin, { Manager = Present, ...options }) {
    this.manager = new Manager(origin, { reconnection: false, ...options });
  }

  /** A peer that may or may not get connected. */
  socket(namespace = "/", auth = undefined, options = {}) {
    const peer = new Peer(this.manager.socket(namespace, { auth, ...options }));
    this.#peers.push(peer);
    return peer;
  }

  /** A peer that is connected. */
  async join(namespace = "/", auth = undefined) {
    const peer = this.socket(namespace, auth);
    peer.socket.connect();
    await Promise.race([peer.next("connect"), refused(peer)]);
    return peer;
  }

  close() {
    for (const peer of this.#peers) peer.socket.disconnect();
    this.manager.engine?.close();
  }
}

/** Rejects at the peer's first `connect_error`. */
function refused(peer) {
  return new Promise((_, reject) => peer.socket.once("connect_error", reject));
}
