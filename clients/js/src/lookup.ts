// `io(...)`: the socket of an address. Sockets to the same server share a manager unless told otherwise.

import type { DefaultEvents } from "./events.js";
import { Manager, type ManagerOptions } from "./manager.js";
import { Socket } from "./socket.js";
import type { SocketOptions } from "./socket-types.js";
import { parseUrl } from "./url.js";

/** The options of `io`. */
export interface Options extends ManagerOptions, SocketOptions {}

/** The function `io`, which has the rest of the package as its properties. */
export interface Lookup {
  /**
   * Connects to a namespace: `io("/admin")`, `io("https://example.com/admin", { auth: { token } })`.
   * The path of the address is the namespace, the option `path` is the HTTP path; an address without a host is the page's.
   */
  <Listen extends object = DefaultEvents, Emit extends object = Listen>(opts?: Options): Socket<Listen, Emit>;
  <Listen extends object = DefaultEvents, Emit extends object = Listen>(
    uri?: string,
    opts?: Options,
  ): Socket<Listen, Emit>;
  io: Lookup;
  connect: Lookup;
  Manager: typeof Manager;
  Socket: typeof Socket;
}

const managers: Record<string, Manager> = {};

function lookup(uri?: string | Options, opts: Options = {}): Socket {
  const address = typeof uri === "object" ? undefined : uri;
  const options = typeof uri === "object" ? uri : opts;
  const { id, namespace } = parseUrl(address, options);
  const key = id + (options.path ?? "/socket.io");
  const own = options.forceNew || options.multiplex === false || managers[key]?.nsps[namespace];
  const manager = (!own && managers[key]) || new Manager(address, options);
  if (!own) managers[key] = manager;
  return manager.socket(namespace, options);
}

export const io: Lookup = /* @__PURE__ */ (() => {
  const found = lookup as Lookup;
  return Object.assign(found, { io: found, connect: found, Manager, Socket });
})();
