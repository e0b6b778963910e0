// As much of Node's Buffer, and of its globals, as the scenarios use.

globalThis.Buffer = {
  from: (value, map) => (typeof value === "string" ? new TextEncoder().encode(value) : Uint8Array.from(value, map)),
  alloc: (length, fill = 0) => new Uint8Array(length).fill(fill),
  byteLength: (text) => new TextEncoder().encode(text).length,
};
