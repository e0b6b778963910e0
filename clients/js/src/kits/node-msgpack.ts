// All that Node has, and MessagePack.

import * as parser from "../parser/msgpack.js";
import type { Kit } from "./kit.js";
import { kit as node } from "./node.js";

export const kit: Kit = { ...node, parser };
