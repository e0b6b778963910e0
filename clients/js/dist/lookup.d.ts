import type { DefaultEvents } from "./events.js";
import { Manager, type ManagerOptions } from "./manager.js";
import { Socket } from "./socket.js";
import type { SocketOptions } from "./socket-types.js";
/** The options of `io`. */
export interface Options extends ManagerOptions, SocketOptions {
}
/** The function `io`, which has the rest of the package as its properties. */
export interface Lookup {
    /**
     * Connects to a namespace: `io("/admin")`, `io("https://example.com/admin", { auth: { token } })`.
     * The path of the address is the namespace, the option `path` is the HTTP path; an address without a host is the page's.
     */
    <Listen extends object = DefaultEvents, Emit extends object = Listen>(opts?: Options): Socket<Listen, Emit>;
    <Listen extends object = DefaultEvents, Emit extends object = Listen>(uri?: string, opts?: Options): Socket<Listen, Emit>;
    io: Lookup;
    connect: Lookup;
    Manager: typeof Manager;
    Socket: typeof Socket;
}
export declare const io: Lookup;
