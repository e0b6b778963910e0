// What the build replaces by a value, so that what depends on it is in the bundle or is not.

/** Whether the kit has polling, and with it an upgrade, another transport to try, and bytes as text. */
declare const POLLING: boolean;
