//! Free ports on the loopback interfaces, below 32768: above it, outgoing connections may already hold them.

import { createServer, connect } from "node:net";

const LOWEST = 20_000;
const HIGHEST = 32_000;

/** A port that is free on 127.0.0.1 and on ::1. */
export async function freePort() {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if ((await isFree(port, "127.0.0.1")) && (await isFree(port, "::1"))) return port;
  }
}

function isFree(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(error.code === "EADDRNOTAVAIL"));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Whether somebody accepts connections there. */
export function accepts(port, host = "127.0.0.1") {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
