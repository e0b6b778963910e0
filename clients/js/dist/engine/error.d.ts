import type { FailureDetails } from "../transports/transport.js";
/** An error of a transport, with what the platform said of it. */
export interface TransportError extends Error, FailureDetails {
    type: "TransportError";
}
export declare function transportError(message: string, details?: FailureDetails): TransportError;
