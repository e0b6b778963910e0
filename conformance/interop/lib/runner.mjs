//! Runs scenarios one after another and counts them. A scenario is `{ name, run(world) }`; it fails by throwing.

import { within } from "./await.mjs";

/** A scenario that takes longer is stuck, unless it says how long it may take. */
const SCENARIO_LIMIT_MS = 60_000;

export class Runner {
  #title;
  #only;
  #passed = 0;
  #failed = 0;

  /**
   * @param {string} title what the closing line calls the run
   * @param {string} only run only the scenarios whose name contains it
   */
  constructor(title, only) {
    this.#title = title;
    this.#only = only;
  }

  /**
   * Runs one scenario; resolves to whether it passed. `diagnose` adds to the report of a failure.
   *
   * @param {string} name
   * @param {() => Promise<string | void>} run a returned string is shown beside the name
   * @param {() => string} diagnose
   * @param {number} limit in milliseconds
   */
  async scenario(name, run, diagnose = () => "", limit = SCENARIO_LIMIT_MS) {
    if (!name.includes(this.#only)) return true;
    const start = performance.now();
    try {
      const note = await within("the scenario to end", run(), limit);
      this.#passed += 1;
      console.log(`ok    ${name} (${Math.round(performance.now() - start)} ms)${note ? `: ${note}` : ""}`);
      return true;
    } catch (error) {
      this.#failed += 1;
      console.log(`FAIL  ${name}\n${error?.stack ?? error}\n${diagnose()}`);
      return false;
    }
  }

  /** Prints the closing line and sets the exit code. */
  finish() {
    console.log(`${this.#title}: ${this.#passed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}
