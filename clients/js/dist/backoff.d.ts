/** Growing, jittered delays. */
export declare class Backoff {
    #private;
    /** Delays handed out since the last reset. */
    attempts: number;
    /** `min` and `max` in milliseconds; `jitter` from 0 to 1, the part by which a delay may be shorter or longer. */
    constructor(min: number, max: number, jitter: number);
    /** The next delay in milliseconds: `min(min · 2ⁿ, max)`, made up to `jitter` shorter or longer. */
    duration(): number;
    /** Starts again from `min`. */
    reset(): void;
}
