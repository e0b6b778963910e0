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
/** An object that hears events of the page or worker, as `addEventListener` takes it. */
export interface PageListener {
    handleEvent(event: {
        type: string;
    }): void;
}
type PageEvent = "online" | "offline" | "beforeunload";
/** Listens to an event of the page or worker, where there is one. */
export declare function listenToPage(event: PageEvent, listener: PageListener): void;
export declare function leavePage(event: PageEvent, listener: PageListener): void;
export {};
