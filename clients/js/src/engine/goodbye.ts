// Why a server ends a connection, and when to come back. Our server says it in the data of a noop packet, which other
// clients ignore: `6{"reason":"deploy","reconnectAfter":5000}`.

/** What the server said before it ended the connection. */
export interface Goodbye {
  reason?: string;
  /** Milliseconds that the first attempt to reconnect waits; at most an hour. */
  reconnectAfter?: number;
}

/** The longest reason, in UTF-16 units. */
const MAX_REASON = 512;
const HOUR = 3_600_000;

/** Reads the data of a noop; nothing when that is no goodbye. What is wrong in it is left out. */
export function readGoodbye(json: string): Goodbye | undefined {
  try {
    const { reason, reconnectAfter } = JSON.parse(json);
    return {
      ...(typeof reason === "string" && reason.length <= MAX_REASON && { reason }),
      ...(Number.isInteger(reconnectAfter) &&
        reconnectAfter >= 0 && { reconnectAfter: Math.min(reconnectAfter, HOUR) }),
    };
  } catch {
    // Not JSON, or not an object.
  }
  return undefined;
}
