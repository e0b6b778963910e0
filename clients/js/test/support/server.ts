// Real servers on this machine, for the tests that need a real wire.

import { createServer, type Server as HttpServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** Listens on a free port below the range that outgoing connections use. */
export async function listen(server: HttpServer, port?: number): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port ?? 20_000 + Math.floor(Math.random() * 12_000), "127.0.0.1", () => {
          server.off("error", reject);
          resolve();
        });
      });
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    } catch (error) {
      if (port !== undefined || attempt === 20) throw error;
    }
  }
}

/** A server that answers as the test says; `close` cuts whatever is still open. */
export async function serve(handler: RequestListener) {
  const server = createServer(handler);
  const address = await listen(server);
  return {
    server,
    address,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
