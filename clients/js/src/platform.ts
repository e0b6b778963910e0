// Timers and the page's own events, which are not there everywhere.

import { unref } from "#kit";

/** The options of timers. */
export interface TimerOptions {
  /** Use the timers of the platform even where a test has replaced the global ones. Default: false. */
  useNativeTimers?: boolean;
  /** In Node: let the process end although the connection is open or waiting. Default: false. */
  autoUnref?: boolean;
}

/** A timer that runs; `undefined` is none. */
export type Timer = ReturnType<typeof setTimeout> | undefined;

const nativeTimers = { setTimeout, clearTimeout };

function timersOf({ useNativeTimers }: TimerOptions): typeof nativeTimers {
  return useNativeTimers ? nativeTimers : globalThis;
}

/** Calls `action` after a delay in milliseconds. */
export function startTimer(options: TimerOptions, action: () => void, delay: number): Timer {
  // As functions, not as methods: a page's timers want to be called on the window.
  const { setTimeout } = timersOf(options);
  const timer = setTimeout(action, delay);
  if (options.autoUnref) unref(timer);
  return timer;
}

export function stopTimer(options: TimerOptions, timer: Timer): void {
  const { clearTimeout } = timersOf(options);
  clearTimeout(timer);
}

/** An object that hears events of the page or worker, as `addEventListener` takes it. */
export interface PageListener {
  handleEvent(event: { type: string }): void;
}

type PageEvent = "online" | "offline" | "beforeunload";

/** Listens to an event of the page or worker, where there is one. */
export function listenToPage(event: PageEvent, listener: PageListener): void {
  globalThis.addEventListener?.(event, listener);
}

export function leavePage(event: PageEvent, listener: PageListener): void {
  globalThis.removeEventListener?.(event, listener);
}
