/** The options of timers. */
export interface TimerOptions {
    /** Use the timers of the platform even where a test has replaced the global ones. Default: false. */
    useNativeTimers?: boolean;
    /** In Node: let the process end although the connection is open or waiting. Default: false. */
    autoUnref?: boolean;
}
/** A timer that runs; `undefined` is none. */
export type Timer = ReturnType<typeof setTimeout> | undefined;
/** Calls `action` after a delay in milliseconds. */
export declare function startTimer(options: TimerOptions, action: () => void, delay: number): Timer;
export declare function stopTimer(options: TimerOptions, timer: Timer): void;
/** Listens to an event of the page or worker, where there is one; gives what stops it. */
export declare function onPage(event: "online" | "offline" | "beforeunload", listener: () => void): () => void;
