/** What delays are made of; an application may change it at any time. */
export interface BackoffSettings {
    /** The first delay in milliseconds. */
    reconnectionDelay: number;
    /** The longest delay in milliseconds, before the jitter. */
    reconnectionDelayMax: number;
    /** The part by which a delay may be shorter or longer, from 0 to 1. */
    randomizationFactor: number;
}
/** The delay in milliseconds before attempt `attempt`, counted from 0: `min(first · 2ⁿ, max)`, shorter or longer. */
export declare function backoff(settings: BackoffSettings, attempt: number): number;
/** The delay for those whom the server asked to come back after so many milliseconds: not before, and not all at once. */
export declare function backoffAfter(settings: BackoffSettings, after: number): number;
