//! Runs python/scenario.py, which writes a line of JSON for each check.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SCENARIO = fileURLToPath(new URL("../python/scenario.py", import.meta.url));

/**
 * The outcomes of all checks, as they come: `{ name, error }`.
 *
 * @param {string} python the interpreter that has python-socketio
 * @param {string} origin of the server
 * @param {string} mode polling, websocket or upgrade
 */
export async function* checked(python, origin, mode) {
  const child = spawn(python, [SCENARIO, origin, mode], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(`${python} cannot be started: ${error.message}`));
    child.once("exit", (code, signal) => resolve(code === 0 ? null : `scenario.py ended with ${code ?? signal}`));
  });
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line);
  const error = await ended;
  if (error) yield { name: "runs to its end", error };
}
