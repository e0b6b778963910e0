import { type TransportFactory } from "./transport.js";
/** Polling by `fetch`. Its failures are `fetch read error` and `fetch write error`. */
export declare const Fetch: TransportFactory;
