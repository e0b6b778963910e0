// The vectors that the Rust tests read too. `SOCKEYE_VECTORS` names another folder.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Reads one file of vectors; a missing one is an error, so that no test passes by not running. */
export function vectors<T>(name: string): T {
  const folder = process.env.SOCKEYE_VECTORS ?? join("..", "..", "conformance", "vectors");
  return JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
}
