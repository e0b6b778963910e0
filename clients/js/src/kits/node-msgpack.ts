// All that Node has, and MessagePack.

export { Decoder, Encoder } from "../parser/msgpack.js";
export { binaryType, received, transports, unref, upgrade } from "./node.js";
