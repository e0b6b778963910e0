import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { CookieJar, jarOf } from "../src/node/cookies.js";

beforeEach(() => mock.timers.enable({ apis: ["Date"], now: 1_000_000 }));
afterEach(() => mock.timers.reset());

test("cookies come back by name until they expire", () => {
  const jar = new CookieJar();
  assert.equal(jar.header(), "");
  jar.store(undefined);
  jar.store(["a=1; Max-Age=10", "b=2; Path=/; HttpOnly; Secure; SameSite=Strict", "c=3; Max-Age=0", "d=x=y"]);
  jar.store([`e=5; Expires=${new Date(1_020_000).toUTCString()}`, "f=6; Expires=nonsense", "no cookie", "=x"]);
  jar.store(["g=7; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]);
  assert.deepEqual(jar.header().split("; ").sort(), ["a=1", "b=2", "d=x=y", "e=5", "f=6", "g=7"]);
  mock.timers.setTime(1_010_000);
  assert.deepEqual(jar.header().split("; ").sort(), ["b=2", "d=x=y", "e=5", "f=6"]);
  mock.timers.setTime(1_020_000);
  jar.store(["b=new"]);
  assert.deepEqual(jar.header().split("; ").sort(), ["b=new", "d=x=y", "f=6"]);
});

test("a server cannot fill a jar without end", () => {
  const jar = new CookieJar();
  jar.store(Array.from({ length: 99 }, (_, n) => `n${n}=x`));
  jar.store(["n99=x"]);
  assert.equal(jar.header().split("; ").length, 100);
  jar.store(["n100=x"]);
  const names = jar.header().split("; ");
  assert.deepEqual([names.length, names[0], names.at(-1)], [100, "n1=x", "n100=x"]);
});

test("each owner has a jar of its own", () => {
  const [one, other] = [{}, {}];
  jarOf(one).store(["a=1"]);
  assert.deepEqual([jarOf(one).header(), jarOf(other).header()], ["a=1", ""]);
});
