// What the options say to `node:http`.

import type { RequestOptions } from "node:https";
import type { TransportOptions } from "../transports/transport.js";

/** The options of a request: certificates, agent, address. */
export function requestOptions(options: TransportOptions): RequestOptions {
  const { agent, localAddress, family, pfx, key, passphrase, cert, ca, ciphers, rejectUnauthorized } = options;
  const { checkServerIdentity } = options;
  const given = { agent, localAddress, family, pfx, key, passphrase, cert, ca, ciphers, rejectUnauthorized };
  const all = { ...given, checkServerIdentity };
  // What is there but undefined would hide a default.
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as RequestOptions;
}
