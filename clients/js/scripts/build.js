// Builds `dist/`, or the folder named as the first argument: the bundles of `bundles.js`, each with its map, and the types.
// The result depends on the sources and the pinned tools only: no path of the machine, no date.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { BUNDLES, optionsOf } from "./bundles.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = resolve(process.argv[2] ?? join(root, "dist"));
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

for (const bundle of BUNDLES) {
  // Named as if in `dist/` whatever the folder is, because the map says where the sources are from there.
  const { outputFiles } = await build({ ...optionsOf(bundle, root), outfile: `dist/${bundle.name}`, write: false });
  for (const file of outputFiles) writeFileSync(join(out, basename(file.path)), file.contents);
}

const tsc = join(root, "node_modules/typescript/bin/tsc");
const types = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", out], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = types.status ?? 1;
