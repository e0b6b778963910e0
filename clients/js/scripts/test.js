// Bundles each test file with what it imports of `src/` and runs all of them under `node --test`.
// Arguments name files (`node scripts/test.js manager socket`).

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, ".test");
rmSync(out, { recursive: true, force: true });

const wanted = process.argv.slice(2);
const files = readdirSync(join(root, "test"))
  .filter((name) => name.endsWith(".test.ts"))
  .filter((name) => wanted.length === 0 || wanted.includes(name.replace(".test.ts", "")));

await build({
  absWorkingDir: root,
  entryPoints: files.map((name) => `test/${name}`),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  alias: { "#kit": "./src/kits/node.ts" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  sourcemap: "inline",
});

const built = readdirSync(out).map((name) => join(out, name));
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-timeout=60000", ...built], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = run.status ?? 1;
