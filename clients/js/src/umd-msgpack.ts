// The script whose `io` speaks MessagePack unless its options name another parser.

import type { Options } from "./index.js";
import * as client from "./index.js";
import type { ManagerOptions } from "./manager.js";
import * as parser from "./parser/msgpack.js";
import { provide } from "./provide.js";

class Manager extends client.Manager {
  constructor(uri?: string | ManagerOptions, opts?: ManagerOptions) {
    if (typeof uri === "object") super({ parser, ...uri });
    else super(uri, { parser, ...opts });
  }
}

function io(uri?: string | Options, opts?: Options): object {
  return typeof uri === "object" ? client.io({ parser, ...uri }) : client.io(uri as string, { parser, ...opts });
}

provide(io, { Manager, Socket: client.Socket, protocol: client.protocol });
