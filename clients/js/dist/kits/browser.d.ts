import type { TransportFactory } from "../transports/transport.js";
export { upgrade } from "../engine/upgrade.js";
export { Decoder, Encoder } from "../parser/text.js";
export { binaryType, received, unref } from "./page.js";
export declare const transports: Record<string, TransportFactory | undefined>;
