// From what a user writes (`"/admin"`, `"host:3000"`, `"https://host/ns?a=b"`, nothing) to where to connect.
// The path of the address is the namespace; the HTTP path is the option `path`.

/** Where to connect for those who do not write an address. */
export interface HostOptions {
  /** The host. Default: the page's, or `localhost`. */
  hostname?: string;
  /** The same as `hostname`. */
  host?: string;
  /** The port. Default: that of the page, or of the scheme when there is a host. */
  port?: string | number;
  /** TLS or not. Default: as the page. */
  secure?: boolean;
}

/** Where a server is, and what was asked of it. */
export interface Target {
  /** TLS or not. */
  secure: boolean;
  hostname: string;
  /** Always written, even if it is the usual one. */
  port: string;
  /** The namespace: the path of the address, `/` when it has none. */
  namespace: string;
  /** The query of the address. */
  query: Record<string, string>;
  /** Equal for two addresses that one connection can serve: scheme, host and port. */
  id: string;
}

/**
 * Reads an address; what it leaves out comes from the options and the page (`http://localhost` where there is none).
 * @throws TypeError when it is not an address.
 */
export function parseUrl(
  uri?: string,
  options: HostOptions = {},
  page: { protocol: string; host: string } | undefined = globalThis.location,
): Target {
  const [, scheme, authority, path, query] = /^(?:(\w+:)?\/\/)?([^/?#]*)([^?#]*)\??([^#]*)/.exec(
    uri ?? "",
  ) as RegExpExecArray;
  // An address without a scheme is secure unless the page says otherwise.
  const usual = page?.protocol ?? (authority ? "https:" : "http:");
  const given = uri ? {} : options;
  const { hostname: host = given.host } = given;
  const secure = given.secure ?? /[ps]s:$/.test(scheme ?? usual);
  const elsewhere = host?.includes(":") ? `[${host}]` : host;
  const url = new URL(`http${secure ? "s" : ""}://${authority || elsewhere || (page?.host ?? "localhost")}`);
  if (given.port) url.port = given.port as string;
  const { hostname } = url;
  // The URL class drops a scheme's usual port.
  const port = url.port || (secure ? "443" : "80");
  return {
    secure,
    hostname,
    port,
    namespace: path || "/",
    query: Object.fromEntries(new URLSearchParams(query)),
    id: `${url.protocol}//${hostname}:${port}`,
  };
}
