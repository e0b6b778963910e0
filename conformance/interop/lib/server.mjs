//! A server process under test: started on a free port, killed without warning, started again on the same port.

import { spawn } from "node:child_process";
import { once, until } from "./await.mjs";
import { accepts, freePort } from "./ports.mjs";

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

export class Server {
  #command;
  #env;
  #child = null;
  #log = [];
  port = 0;

  /**
   * @param {string[]} command the program and its arguments
   * @param {Record<string, string>} env added to this process' environment, next to `PORT`
   */
  constructor(command, env = {}) {
    this.#command = command;
    this.#env = env;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The last lines that the server wrote, for the report of a failure. */
  get log() {
    return this.#log.join("").split("\n").slice(-30).join("\n");
  }

  /** Starts the process; resolves when its port accepts. The port stays the same over restarts. */
  async start() {
    this.port ||= await freePort();
    const [program, ...args] = this.#command;
    const env = { ...process.env, ...this.#env, PORT: String(this.port) };
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    running.add(child);
    let ended = null;
    child.once("error", (error) => (ended = error.message));
    child.once("exit", (code, signal) => {
      ended = `exit ${code ?? signal}`;
      running.delete(child);
    });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => this.#keep(String(data)));
    await until(`${program} to accept on port ${this.port}`, async () => {
      if (ended !== null) throw new Error(`${program} did not start: ${ended}\n${this.log}`);
      return accepts(this.port);
    });
  }

  #keep(text) {
    this.#log.push(text);
    if (this.#log.length > 200) this.#log.shift();
  }

  /** Whether the process is there. */
  get alive() {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends the process as a crash would: no close packet, no farewell. */
  async kill() {
    if (!this.alive) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  /** Asks the process to end, as an operator does, and waits until it has. */
  async stop() {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }

  async restart() {
    await this.kill();
    await this.start();
  }
}
