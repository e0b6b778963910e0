// Builds `dist/`, or the folder named as the first argument: the bundles of `bundles.js`, each with its map, and the types.
// The result depends on the sources and the pinned tools only: no path of the machine, no date.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";
import { BUNDLES, minifyOf, optionsOf } from "./bundles.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = resolve(process.argv[2] ?? join(root, "dist"));
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

for (const bundle of BUNDLES) {
  // Named as if in `dist/` whatever the folder is, because the map says where the sources are from there.
  const { outputFiles } = await build({ ...optionsOf(bundle, root), outfile: `dist/${bundle.name}`, write: false });
  const files = Object.fromEntries(outputFiles.map((file) => [basename(file.path), file.text]));
  if (bundle.minify) await minifyAgain(files, bundle);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(out, name), text);
}

async function minifyAgain(files, bundle) {
  const { name } = bundle;
  const { code, map } = await minify(files[name], {
    ...minifyOf(bundle),
    sourceMap: { content: files[`${name}.map`], url: `${name}.map`, includeSources: true },
  });
  files[name] = `${code}\n`;
  files[`${name}.map`] = map;
}

const tsc = join(root, "node_modules/typescript/bin/tsc");
const types = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", out], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = types.status ?? 1;
