import { type TransportFactory } from "./transport.js";
/** Polling by `XMLHttpRequest`. Its failures are `xhr poll error` and `xhr post error`. */
export declare const XHR: TransportFactory;
