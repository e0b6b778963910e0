// From what a user writes (`"/admin"`, `"host:3000"`, `"https://host/ns?a=b"`, nothing) to where to connect.
// The path of the address is the namespace; the HTTP path is the option `path`.

/** Where a server is, and what was asked of it. */
export interface Target {
  /** TLS or not. */
  secure: boolean;
  /** Host and port, the port always written. */
  host: string;
  /** The namespace: the path of the address, `/` when it has none. */
  namespace: string;
  /** The query of the address. */
  query: Record<string, string>;
  /** Equal for two addresses that one connection can serve: scheme, host and port. */
  id: string;
}

/**
 * Reads an address; what it leaves out comes from the page (`http://localhost` where there is none).
 * @throws TypeError when it is not an address.
 */
export function parseUrl(
  uri?: string,
  page: { protocol: string; host: string } | undefined = globalThis.location,
): Target {
  const protocol = page?.protocol ?? "http:";
  let address = uri ?? "/";
  if (/^\/(?!\/)/.test(address)) address = `//${page?.host ?? "localhost"}${address}`;
  if (!/^\w+:\/\//.test(address)) {
    // An address without a scheme is secure unless the page says otherwise.
    const scheme = page || uri === undefined || uri.startsWith("/") ? protocol : "https:";
    address = `${scheme}//${address.replace(/^\/\//, "")}`;
  }
  const url = new URL(address);
  // As it was written: the URL class would encode and normalise it.
  const [, path] = /^\w+:\/\/[^/?#]*([^?#]*)/.exec(address) ?? [];
  const secure = /^(https|wss):$/.test(url.protocol);
  // The URL class drops a scheme's usual port, and knows none for schemes of its own invention.
  const host = `${url.hostname}:${url.port || (secure ? 443 : 80)}`;
  return {
    secure,
    host,
    namespace: path || "/",
    query: Object.fromEntries(url.searchParams),
    id: `${secure ? "https" : "http"}://${host}`,
  };
}
