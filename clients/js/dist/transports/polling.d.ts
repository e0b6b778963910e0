import type { Link, Transport } from "./transport.js";
export declare function polling(link: Link): Transport;
