// All that browsers and workers have, and MessagePack.

export { Decoder, Encoder } from "../parser/msgpack.js";
export { binaryType, received, transports, unref, upgrade } from "./browser.js";
