// Builds `dist/`, or the folder named as the first argument: two scripts and a module, each with its map, and the types.
// The result depends on the sources and the pinned tools only: no path of the machine, no date.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = resolve(process.argv[2] ?? join(root, "dist"));
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const module = { entryPoints: ["src/index.ts"], format: "esm" };
// It looks for `module` on purpose.
const script = { entryPoints: ["src/umd.ts"], format: "iife", logOverride: { "commonjs-variable-in-esm": "silent" } };

await bundle("socket.io.esm.min.js", { ...module, minify: true });
await bundle("socket.io.min.js", { ...script, minify: true });
await bundle("socket.io.js", script);
await bundle("socket.io.msgpack.min.js", { ...script, entryPoints: ["src/umd-msgpack.ts"], minify: true });

const tsc = join(root, "node_modules/typescript/bin/tsc");
const types = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", out], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = types.status ?? 1;

/** Named as if in `dist/` whatever the folder is, because the map says where the sources are from there. */
async function bundle(name, options) {
  const { outputFiles } = await build({
    ...options,
    absWorkingDir: root,
    bundle: true,
    target: "es2022",
    sourcemap: true,
    outfile: `dist/${name}`,
    write: false,
  });
  for (const file of outputFiles) writeFileSync(join(out, basename(file.path)), file.contents);
}
