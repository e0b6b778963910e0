// The script for a plain page, CommonJS and AMD: `io`, with everything else as its properties.

import * as client from "./index.js";

declare const module: { exports: unknown } | undefined;
declare const define: { (factory: () => unknown): void; amd?: unknown } | undefined;

const { io } = client;
Object.assign(io, client);

if (typeof module === "object") module.exports = io;
else if (typeof define === "function" && define.amd) define(() => io);
else Object.assign(globalThis, { io });
