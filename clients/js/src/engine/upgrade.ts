// The move of an open session to a better transport (Engine.IO v4 § Upgrade): `2probe` out, `3probe` in, then the old
// transport comes to rest, then `5` out. Until then the session goes on over the old one, and if it fails, for good.

import { silence } from "../transports/silent.js";
import type { Link, Transport } from "../transports/transport.js";
import { transportError } from "./error.js";
import { Session } from "./session.js";

/** Probes the first transport behind the one in use that the server offers. */
export function upgrade(session: Session, offered: unknown): void {
  for (const factory of session._factories.slice(1)) {
    const { transport, link } = session._create(factory);
    if (![offered].flat().includes(transport.name)) continue;

    const end = () => {
      silence(link);
      session._endProbe = undefined;
      transport.close(false);
    };
    const fail = (message?: string, details?: object) => {
      end();
      if (session.upgrading) {
        session.upgrading = false;
        session.transport.resume?.();
        session._flush();
      }
      const error = transportError(message ? `probe error: ${message}` : "probe error", details);
      session._fire("upgradeError", Object.assign(error, { transport: transport.name }));
      session._endIfDone();
    };
    Object.assign(link, {
      opened: () => transport.send([{ type: "ping", data: "probe" }]),
      packet: ({ type, data }: { type: string; data?: unknown }) => {
        if (session.upgrading || type !== "pong" || data !== "probe") return fail();
        session.upgrading = true;
        session._fire("upgrading", transport);
        session.transport.pause?.(() => {
          session._endProbe = undefined;
          adopt(session, transport, link);
        });
      },
      closed: () => fail("transport closed"),
      failed: fail,
    });
    session._endProbe = end;
    transport.open();
    return;
  }
}

/** Goes on over a transport that has answered the probe. */
function adopt(session: Session, transport: Transport, link: Link): void {
  silence(session._link);
  session._use(transport, link);
  session.upgrading = false;
  Session.priorWebsocketSuccess = transport.name === "websocket";
  // Before anything that was written meanwhile.
  session.writeBuffer.unshift({ type: "upgrade" });
  session._fire("upgrade", transport);
  session._flush();
}
