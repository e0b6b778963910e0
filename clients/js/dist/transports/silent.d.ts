import type { LinkHandlers } from "./transport.js";
/** Handlers that do nothing. */
export declare const SILENT: LinkHandlers;
/** Hears no more of a link. */
export declare function silence(link: LinkHandlers): void;
