// The script for a plain page, CommonJS and AMD: `io`, with everything else as its properties.

import { io, Manager, protocol, Socket } from "./index.js";

declare const module: { exports: unknown } | undefined;
declare const define: { (factory: () => unknown): void; amd?: unknown } | undefined;

const client = Object.assign(io, { io, connect: io, Manager, Socket, protocol, default: io });

if (typeof module === "object") module.exports = client;
else if (typeof define === "function" && define.amd) define(() => client);
else Object.assign(globalThis, { io: client });
