import { type FailureDetails, type TransportFactory, type TransportOptions } from "./transport.js";
/** One request, and whom it reports to. */
export interface PollingRequest {
    url: string;
    /** What to POST; `undefined`: GET. */
    body: string | undefined;
    options: TransportOptions;
    /** See `Link`. */
    owner: object;
    /** Bytes that the answer may have. */
    limit: number;
    done(body: string): void;
    failed(details: FailureDetails): void;
}
/** Makes a request; gives what ends it early, after which nothing is reported. */
export type Requester = (request: PollingRequest) => () => void;
/** Polling by requests of one kind; `readError` and `writeError` are the messages of its failures. */
export declare function pollingBy(requester: Requester, readError: string, writeError: string): TransportFactory;
