import type { LinkHandlers } from "./transport.js";
/** Handlers that do nothing. */
export declare const SILENT: LinkHandlers;
