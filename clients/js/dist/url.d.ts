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
export declare function parseUrl(uri?: string, options?: HostOptions, page?: {
    protocol: string;
    host: string;
} | undefined): Target;
