// All that browsers and workers have, and MessagePack.

import { Decoder, Encoder } from "../parser/msgpack.js";
import { kit as browser } from "./browser.js";
import type { Kit } from "./kit.js";

export const kit: Kit = { ...browser, parser: { Encoder, Decoder } };
