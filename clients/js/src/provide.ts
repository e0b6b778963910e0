// How a script gives `io` to whoever loads it: as a CommonJS module, as an AMD module, or as a global.

declare const module: { exports: unknown } | undefined;
declare const define: { (factory: () => unknown): void; amd?: unknown } | undefined;

/** Gives `io`, with everything else as its properties. */
export function provide(io: object, rest: object): void {
  const client = Object.assign(io, rest, { io, connect: io, default: io });
  if (typeof module === "object") module.exports = client;
  else if (typeof define === "function" && define.amd) define(() => client);
  else Object.assign(globalThis, { io: client });
}
