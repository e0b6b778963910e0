//! Runs the scenarios in the page: those of Node, from the same files, and those that only a browser has.

import { World } from "../../lib/world.mjs";
import { acks } from "../../scenarios/acks.mjs";
import { binary } from "../../scenarios/binary.mjs";
import { closing } from "../../scenarios/closing.mjs";
import { events } from "../../scenarios/events.mjs";
import { limits } from "../../scenarios/limits.mjs";
import { namespaces } from "../../scenarios/namespaces.mjs";
import { order } from "../../scenarios/order.mjs";
import { reconnect } from "../../scenarios/reconnect.mjs";
import { rooms } from "../../scenarios/rooms.mjs";
import { only } from "./only.mjs";

const all = [events, acks, binary, namespaces, rooms, order, limits, closing, reconnect, only].flat();
const scenarios = all.filter(({ nodeOnly, officialOnly }) => !nodeOnly && !officialOnly);

/** The server, which the test process starts and ends. */
const server = {
  origin: location.origin,
  kill: () => window.server("kill"),
  start: () => window.server("start"),
  restart: () => window.server("restart"),
};

/** The names of the scenarios for a mode. */
window.scenarioNames = ({ name }) => scenarios.filter(({ modes }) => modes?.includes(name) ?? true).map((scenario) => scenario.name);

window.runScenario = async (name, mode) => {
  const world = new World(server, mode);
  await scenarios.find((scenario) => scenario.name === name).run(world).finally(() => world.close());
  await world.forgotten();
};
