/** The offset to keep: `candidate`, the last argument of an event, or the one so far. */
export declare function nextOffset(current: string | undefined, candidate: string): string;
