// All that Node has, and MessagePack.

import { Decoder, Encoder } from "../parser/msgpack.js";
import type { Kit } from "./kit.js";
import { kit as node } from "./node.js";

export const kit: Kit = { ...node, parser: { Encoder, Decoder } };
