// What went wrong with a transport, as the application sees it.

import type { FailureDetails } from "../transports/transport.js";

/** An error of a transport, with what the platform said of it. */
export interface TransportError extends Error, FailureDetails {
  type: "TransportError";
}

export function transportError(message: string, details?: FailureDetails): TransportError {
  return Object.assign(new Error(message), { type: "TransportError" as const, ...details });
}
