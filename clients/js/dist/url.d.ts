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
export declare function parseUrl(uri?: string, page?: {
    protocol: string;
    host: string;
} | undefined): Target;
