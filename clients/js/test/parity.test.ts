// `PARITY.md` names tests that there are.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

test("each test that PARITY.md names exists", () => {
  const named = [...readFileSync("PARITY.md", "utf8").matchAll(/`([a-z]+): ([^`]+)`/g)];
  assert.ok(named.length > 30);
  for (const [, file, title] of named) {
    if (file === "file") continue;
    const text = readFileSync(`test/${file}.test.ts`, "utf8");
    assert.ok(text.includes(`("${title}"`) || text.includes(`(\n  "${title}"`), `${file}: ${title}`);
  }
});
