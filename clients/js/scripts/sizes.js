// Prints the size of each bundle beside what the official client has for the same (socket.io-client 4.8.4).

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { BUNDLES } from "./bundles.js";

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist");
console.log(`${"bundle".padEnd(34)}    raw  gzip -9   brotli   budget  official gzip -9`);
for (const { name, budget, official } of BUNDLES) {
  const bytes = readFileSync(join(dist, name));
  const sizes = [bytes, gzipSync(bytes, { level: 9 }), brotliCompressSync(bytes)].map(({ length }) => length);
  const columns = [...sizes, budget ?? "", official ?? ""].map((value, at) => String(value).padStart(at ? 9 : 7));
  console.log(name.padEnd(34) + columns.join(""));
}
