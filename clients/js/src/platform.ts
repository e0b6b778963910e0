// Timers and the page's own events, which are not there everywhere.

/** The options of timers. */
export interface TimerOptions {
  /** Use the timers of the platform even where a test has replaced the global ones. Default: false. */
  useNativeTimers?: boolean;
  /** In Node: let the process end although the connection is open or waiting. Default: false. */
  autoUnref?: boolean;
}

/** A timer that runs; `undefined` is none. */
export type Timer = ReturnType<typeof setTimeout> | undefined;

const nativeSetTimeout = setTimeout;
const nativeClearTimeout = clearTimeout;

/** Calls `action` after a delay in milliseconds. */
export function startTimer(options: TimerOptions, action: () => void, delay: number): Timer {
  const timer = (options.useNativeTimers ? nativeSetTimeout : globalThis.setTimeout)(action, delay);
  if (options.autoUnref) (timer as { unref?(): void }).unref?.();
  return timer;
}

export function stopTimer(options: TimerOptions, timer: Timer): void {
  (options.useNativeTimers ? nativeClearTimeout : globalThis.clearTimeout)(timer);
}

/** Listens to an event of the page or worker, where there is one; gives what stops it. */
export function onPage(event: "online" | "offline" | "beforeunload", listener: () => void): () => void {
  globalThis.addEventListener?.(event, listener);
  return () => globalThis.removeEventListener?.(event, listener);
}
