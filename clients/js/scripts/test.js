// Bundles each test file with what it imports of `src/` and runs all of them under `node --test`.
// Arguments name files (`node scripts/test.js manager socket`). With `--minified` the tests run against what the
// minifiers make of the sources: the names that are for the client itself are shortened, in the tests as well.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";
import { MANGLED, minifyOf } from "./bundles.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, ".test");
rmSync(out, { recursive: true, force: true });

const minified = process.argv.includes("--minified");
const wanted = process.argv.slice(2).filter((name) => !name.startsWith("--"));
/** What reads files of this package, or drives packages whose own names begin like ours. */
const AS_WRITTEN = ["dist", "interop", "parity", "types"];
const files = readdirSync(join(root, "test"))
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => name.replace(".test.ts", ""))
  .filter((name) => !(minified && AS_WRITTEN.includes(name)))
  .filter((name) => wanted.length === 0 || wanted.includes(name));

await build({
  absWorkingDir: root,
  entryPoints: files.map((name) => `test/${name}.test.ts`),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  alias: { "#kit": "./src/kits/node.ts" },
  define: { POLLING: "true" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  ...(minified ? { minify: true, ...MANGLED } : { sourcemap: "inline" }),
});

const built = readdirSync(out).map((name) => join(out, name));
for (const path of minified ? built : []) {
  const { code } = await minify(readFileSync(path, "utf8"), minifyOf({ format: "esm" }));
  writeFileSync(path, code);
}
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-timeout=60000", ...built], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = run.status ?? 1;
