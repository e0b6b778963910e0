//! The official client and ours in Node against a contract server: every scenario over polling, over WebSocket, and upgrading.
//! The options are in lib/options.mjs; the closing line is `interop: N passed, M failed`.

import assert from "node:assert/strict";
import parser from "socket.io-msgpack-parser";
import { Manager as Ours } from "../../clients/js/dist/node.js";
import { Nginx } from "./lib/nginx.mjs";
import { readOptions } from "./lib/options.mjs";
import { OLDER } from "./lib/older.mjs";
import { checked } from "./lib/python.mjs";
import { Runner } from "./lib/runner.mjs";
import { Server } from "./lib/server.mjs";
import { MODES, World } from "./lib/world.mjs";
import { acks } from "./scenarios/acks.mjs";
import { binary } from "./scenarios/binary.mjs";
import { closing } from "./scenarios/closing.mjs";
import { deflate } from "./scenarios/deflate.mjs";
import { events } from "./scenarios/events.mjs";
import { heartbeat } from "./scenarios/heartbeat.mjs";
import { limits } from "./scenarios/limits.mjs";
import { msgpack } from "./scenarios/msgpack.mjs";
import { namespaces } from "./scenarios/namespaces.mjs";
import { both, heartbeat2, only2 } from "./scenarios/older.mjs";
import { order } from "./scenarios/order.mjs";
import { proxied } from "./scenarios/proxied.mjs";
import { reconnect } from "./scenarios/reconnect.mjs";
import { recovery, recoveryLate } from "./scenarios/recovery.mjs";
import { requests } from "./scenarios/requests.mjs";
import { rooms } from "./scenarios/rooms.mjs";
import { upgrades } from "./scenarios/upgrades.mjs";

const options = readOptions();
const runner = new Runner("interop", options.only);

/**
 * Runs the scenarios in each mode they name (all three by default; `since` is the major version that can do it) against one server process, whose clients have
 * `client` among their options. `who` tells in the names of the scenarios which clients they are.
 */
async function run(scenarios, env, client = {}, who = "") {
  const server = new Server(options.contract, env);
  await server.start();
  for (const mode of MODES) {
    for (const scenario of scenarios) {
      if (scenario.modes && !scenario.modes.includes(mode.name)) continue;
      const world = new World(server, mode, client);
      const full = async () => {
        const note = await scenario.run(world).finally(() => world.close());
        if (!scenario.abandons) await world.forgotten();
        return note;
      };
      const name = `${who}${mode.name}: ${scenario.name}`;
      const checked = options.against === "official" && scenario.defect ? () => mustFail(full, scenario.defect) : full;
      const failed = !(await runner.scenario(name, checked, () => `the server wrote:\n${server.log}`, scenario.limit));
      const unclean = scenario.abandons || checked !== full;
      if (failed || unclean || !server.alive) await server.restart();
    }
  }
  await server.kill();
}

/** Passes where the official server fails as it is known to. */
async function mustFail(scenario, defect) {
  const failed = await scenario().then(
    () => false,
    () => true,
  );
  if (!failed) throw new Error(`the official server passes in spite of: ${defect}`);
  return `fails there: ${defect}`;
}

const usual = [events, acks, binary, namespaces, rooms, order, limits, closing, reconnect, upgrades].flat();
for (const [client, who] of [
  [{}, ""],
  [{ Manager: Ours }, "our client, "],
]) {
  await run(
    usual.filter(({ officialOnly }) => !(who && officialOnly)),
    { SLOWPING: "1" },
    client,
    who,
  );
  await run(heartbeat, {}, client, who);
  await run(requests, { SLOWPING: "1", DENY: "1" }, client, who);
  await run(msgpack, { SLOWPING: "1", PARSER: "msgpack" }, { parser, ...client }, who);
  await run(deflate, { SLOWPING: "1", DEFLATE: "1" }, { perMessageDeflate: { threshold: 0 }, ...client }, who);
}
await run(recovery, { SLOWPING: "1", CSR: "1" });
await run(recoveryLate, { SLOWPING: "1", CSR: "1", CSR_MS: "100" });
for (const { name, major, Manager } of OLDER) {
  const own = major === 2 ? only2 : [];
  const all = [events, acks, binary, rooms, order, both, own].flat();
  const has = all.filter(({ since = 2 }) => major >= since);
  await run(has, { SLOWPING: "1", EIO3: "1" }, { Manager }, `${name} `);
  if (major === 2) await run(heartbeat2, { EIO3: "1" }, { Manager }, `${name} `);
}
await runPython();
if (options.proxied) await runProxied();
runner.finish();

/** The checks of python-socketio's clients, in each mode; not where other scenarios are asked for by their names. */
async function runPython() {
  if (!"python".startsWith(options.only.slice(0, 6))) return;
  const server = new Server(options.contract, { SLOWPING: "1" });
  await server.start();
  for (const mode of MODES) {
    let checks = 0;
    for await (const { name, error } of checked(options.python, server.origin, mode.name)) {
      checks += 1;
      const run = async () => assert.equal(error, null, error);
      await runner.scenario(`python ${mode.name}: ${name}`, run, () => `the server wrote:\n${server.log}`);
    }
    await runner.scenario(`python ${mode.name}: the checks ran`, async () => assert.ok(checks > 0));
  }
  await server.kill();
}

/** The scenarios behind nginx, in each mode. */
async function runProxied() {
  const server = new Server(options.proxied());
  await server.start();
  const nginx = await Nginx.before(server.port);
  for (const mode of MODES) {
    for (const scenario of proxied) {
      const world = new World(nginx, mode);
      const full = () => scenario.run(world).finally(() => world.close());
      const logs = () => `the server wrote:\n${server.log}\nnginx wrote:\n${nginx.log}`;
      await runner.scenario(`${mode.name}: ${scenario.name}`, full, logs);
    }
  }
  await nginx.kill();
  await server.kill();
}
