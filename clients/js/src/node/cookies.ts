// The cookies of one server, for those who set `withCredentials`: Node keeps none. Only what a session needs: whoever sent a
// cookie gets it back until it expires. Path, domain and the rest are not looked at, for there is one server and one path.

interface Cookie {
  value: string;
  /** In milliseconds since 1970. */
  expires: number;
}

/** Cookies that a server may set, the newest of which stay. */
const MAX_COOKIES = 100;

/** Cookies by name. */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /** Takes the values of `Set-Cookie`. */
  store(headers: readonly string[] | undefined): void {
    for (const header of headers ?? []) {
      const [pair = "", ...attributes] = header.split("; ");
      const [, name, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
      if (name === undefined || value === undefined) continue;
      this.#cookies.delete(name);
      this.#cookies.set(name, { value, expires: expiry(attributes) });
      const [oldest] = this.#cookies.keys();
      if (this.#cookies.size > MAX_COOKIES) this.#cookies.delete(oldest as string);
    }
  }

  /** The header `Cookie`; empty when there is none. */
  header(): string {
    const now = Date.now();
    for (const [name, { expires }] of this.#cookies) if (expires <= now) this.#cookies.delete(name);
    return [...this.#cookies].map(([name, { value }]) => `${name}=${value}`).join("; ");
  }
}

/** When a cookie ends; `Max-Age` goes before `Expires`. */
function expiry(attributes: string[]): number {
  let expires = Number.POSITIVE_INFINITY;
  for (const attribute of attributes) {
    const [, name = "", value = ""] = /^([^=]*)=?(.*)$/.exec(attribute) ?? [];
    if (/^max-age$/i.test(name) && /^-?\d+$/.test(value)) return Date.now() + 1000 * Number(value);
    if (/^expires$/i.test(name) && Date.parse(value)) expires = Date.parse(value);
  }
  return expires;
}

// By the options of a manager, so that a new session has what the last one was given.
const jars = new WeakMap<object, CookieJar>();

/** The cookies of the sessions that `owner` has one after another. */
export function jarOf(owner: object): CookieJar {
  let jar = jars.get(owner);
  if (!jar) {
    jar = new CookieJar();
    jars.set(owner, jar);
  }
  return jar;
}
