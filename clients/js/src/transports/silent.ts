// What a link is told when nobody listens to it any more.

import type { LinkHandlers } from "./transport.js";

const ignore = () => {};

/** Handlers that do nothing. */
export const SILENT: LinkHandlers = { opened: ignore, packet: ignore, drained: ignore, closed: ignore, failed: ignore };

/** Hears no more of a link. */
export function silence(link: LinkHandlers): void {
  Object.assign(link, SILENT);
}
