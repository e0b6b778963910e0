//! Stands for `node:assert/strict` in the page: as much of it as the scenarios use. Bytes are equal to bytes, whatever
//! holds them, since a browser receives array buffers where Node receives Buffers.

/** A value as text that is the same for equal values: keys sorted. */
function show(value) {
  return JSON.stringify(plain(value), (_, inner) => {
    if (inner === undefined) return "[undefined]";
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function plain(value) {
  if (value instanceof ArrayBuffer) return { bytes: Array.from(new Uint8Array(value)).join() };
  if (ArrayBuffer.isView(value)) return { bytes: Array.from(value).join() };
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function fail(message) {
  throw new Error(message);
}

export default {
  fail,
  ok(value, message = "not true") {
    if (!value) fail(message);
  },
  equal(actual, expected, message) {
    if (!Object.is(actual, expected)) fail(message ?? `got ${show(actual)} instead of ${show(expected)}`);
  },
  notEqual(actual, expected, message) {
    if (Object.is(actual, expected)) fail(message ?? `got ${show(actual)}`);
  },
  deepEqual(actual, expected, message) {
    const [got, wanted] = [show(actual), show(expected)];
    if (got !== wanted) fail(message ?? `got ${got.slice(0, 500)} instead of ${wanted.slice(0, 500)}`);
  },
  match(text, pattern) {
    if (!pattern.test(text)) fail(`"${text}" does not match ${pattern}`);
  },
  async rejects(promise) {
    const outcome = await promise.then(() => "resolved", () => "rejected");
    if (outcome === "resolved") fail("it did not reject");
  },
};
