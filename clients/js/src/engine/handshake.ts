// The server's first packet (Engine.IO v4 § Handshake).

/** What the server says of a new session. */
export interface Handshake {
  sid: string;
  /** Transports that the session may move to. */
  upgrades: unknown[];
  /** Milliseconds between two pings of the server. */
  pingInterval: number;
  /** Milliseconds that a ping may be late. */
  pingTimeout: number;
  /** Bytes that a request body may have; 0 when the server sets no limit. */
  maxPayload: number;
}

/** The open packet's data, or nothing when a session cannot live on it. */
export function readHandshake(json: string): Handshake | undefined {
  try {
    const handshake = JSON.parse(json);
    const { sid, upgrades, pingInterval, pingTimeout, maxPayload } = handshake;
    if (sid && typeof sid === "string" && pingInterval > 0 && pingTimeout > 0) {
      return {
        ...handshake,
        upgrades: Array.isArray(upgrades) ? upgrades : [],
        pingInterval: +pingInterval,
        pingTimeout: +pingTimeout,
        maxPayload: maxPayload > 0 ? +maxPayload : 0,
      };
    }
  } catch {
    // Not an object: no handshake either.
  }
  return undefined;
}
