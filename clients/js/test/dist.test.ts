// What is shipped: built from these sources, small enough, and free of what belongs to one machine.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { BUNDLES } from "../scripts/bundles.js";

/** The files of a folder and what is in them. */
function contents(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

test("dist is what the sources build to, byte for byte", () => {
  const folder = mkdtempSync(join(tmpdir(), "sockeye-client-"));
  try {
    execFileSync(process.execPath, ["scripts/build.js", folder]);
    const built = contents(folder);
    const shipped = contents("dist");
    assert.deepEqual([...shipped.keys()], [...built.keys()]);
    for (const [name, text] of built) assert.ok(shipped.get(name) === text, `dist/${name} is stale: npm run build`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const { name, budget } of BUNDLES) {
  if (!budget) continue;
  test(`${name} is at most ${budget} bytes, gzipped`, () => {
    const size = gzipSync(readFileSync(join("dist", name)), { level: 9 }).length;
    assert.ok(size <= budget, `${size} bytes`);
    const row = new RegExp(`\\| \`${name}\` +\\| ${budget} `);
    assert.match(readFileSync("README.md", "utf8"), row, "the README says otherwise");
  });
}

test("each script names its map, and each map has its sources in it and no absolute path", () => {
  for (const { name } of BUNDLES) {
    assert.ok(readFileSync(join("dist", name), "utf8").trimEnd().endsWith(`//# sourceMappingURL=${name}.map`));
    const map = JSON.parse(readFileSync(join("dist", `${name}.map`), "utf8"));
    assert.equal(map.sources.length, map.sourcesContent.length);
    for (const path of map.sources) assert.match(path, /^\.\.\/src\//);
  }
});

test("on a page, the script makes a global io with everything on it", () => {
  for (const name of ["socket.io.min.js", "socket.io.msgpack.min.js", "socket.io.js"]) {
    const page: { io?: Record<string, unknown> } = {
      TextEncoder,
      TextDecoder,
      URL,
      setTimeout,
      clearTimeout,
    } as object;
    runInNewContext(readFileSync(join("dist", name), "utf8"), page);
    assert.equal(typeof page.io, "function");
    assert.deepEqual(
      ["Manager", "Socket", "connect", "io", "default"].map((key) => typeof page.io?.[key]),
      ["function", "function", "function", "function", "function"],
    );
    assert.equal(page.io?.protocol, 5);
  }
});

test("AMD gets a factory", () => {
  let factory: (() => unknown) | undefined;
  const define = Object.assign(
    (given: () => unknown) => {
      factory = given;
    },
    { amd: {} },
  );
  const page = { define, TextEncoder, URL, setTimeout, clearTimeout };
  runInNewContext(readFileSync("dist/socket.io.min.js", "utf8"), page);
  assert.equal(typeof factory?.(), "function");
  assert.equal("io" in page, false);
});

test("the package resolves to the module and to its types", async () => {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
  const client = await import(join(process.cwd(), exports["."].default));
  assert.deepEqual(Object.keys(client).sort(), [
    "Fetch",
    "Manager",
    "NodeWebSocket",
    "NodeXHR",
    "Socket",
    "WebSocket",
    "XHR",
    "connect",
    "default",
    "io",
    "lookup",
    "protocol",
  ]);
  assert.equal(client.default, client.io);
  assert.match(readFileSync(exports["."].types, "utf8"), /core\.js/);
});

test("no type of the package is any", () => {
  for (const [name, text] of contents("dist")) {
    if (name.endsWith(".d.ts")) assert.doesNotMatch(text.replace(/\/\*[\s\S]*?\*\//g, ""), /\bany\b/, name);
  }
});

test("the package needs nothing at run time, and its tools are pinned", () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8"));
  assert.equal(manifest.dependencies, undefined);
  for (const version of Object.values(manifest.devDependencies)) assert.match(String(version), /^\d+\.\d+\.\d+$/);
  assert.doesNotMatch(readFileSync("package-lock.json", "utf8"), /"resolved"/);
});
