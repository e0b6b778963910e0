//! What the command line of `run.mjs` and `browser.mjs` says.
//!
//!   --target DIR    where cargo builds (default: target in the repository)
//!   --server FILE   the contract server's binary (default: the newer of the debug and release builds in --target)
//!   --official      the official Node server instead, to tell a fault of the harness from one of ours
//!   --client FILE   the bundle that the browser runs as ours (default: what the server serves)
//!   --only TEXT     only the scenarios whose full name contains the text

import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HERE = dirname(dirname(fileURLToPath(import.meta.url)));
const ROOT = resolve(HERE, "../..");

export function readOptions() {
  const { values } = parseArgs({
    options: {
      target: { type: "string", default: process.env.CARGO_TARGET_DIR ?? join(ROOT, "target") },
      server: { type: "string", default: process.env.SOCKEYE_SERVER },
      official: { type: "boolean", default: false },
      client: { type: "string" },
      only: { type: "string", default: "" },
    },
  });
  const official = (file) => [process.execPath, join(HERE, "official", file)];
  const built = (name) => newest(values.target, name);
  return {
    only: values.only,
    against: values.official ? "official" : "ours",
    client: values.client,
    /** The bundle that the server serves, as a file: for servers that serve another. */
    bundle: values.client ?? join(ROOT, "clients/js/dist/socket.io.js"),
    screenshots: join(values.target, "screenshots"),
    /** The command that serves the contract `abuse` on the official server. */
    official: official("abuse.mjs"),
    /** The command that serves the contract `abuse`. */
    contract: values.official
      ? official("abuse.mjs")
      : [values.server ?? built("sockeye-conformance"), "abuse"],
    /** The command that stands behind nginx: an example of ours, which the official server has not. */
    proxied: values.official ? undefined : () => [built("examples/behind_proxy")],
    /** The Python that has python-socketio: `cargo xtask test` makes it. */
    python: join(values.target, "python/bin/python"),
    /** The command that serves the chat, which is ours alone; asked for only where the chat is tested. */
    chat: values.official ? undefined : () => [built("chat")],
  };
}

/** The binary that was built last: a stale release build must not stand in for a fresh debug one. */
function newest(target, name) {
  const built = ["debug", "release"].map((profile) => join(target, profile, name)).filter(existsSync);
  if (built.length === 0) throw new Error(`no ${name} in ${target}: build it, or name it with --server`);
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}
