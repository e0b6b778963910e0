// The script for a plain page, CommonJS and AMD: `io`, with everything else as its properties.

import { io, Manager, protocol, Socket } from "./index.js";
import { provide } from "./provide.js";

provide(io, { Manager, Socket, protocol });
