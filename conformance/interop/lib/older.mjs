//! The official clients of older releases, made to look like the present one to `Peer`.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** 2.5 speaks Engine.IO 3 and Socket.IO protocol 4; 3.1 speaks what 4.8 does. */
export const OLDER = [
  { name: "2.5", major: 2, Manager: manager2() },
  { name: "3.1", major: 3, Manager: require("socket.io-client-3").Manager },
];

function manager2() {
  const { Manager } = require("socket.io-client-2");
  return class extends Manager {
    socket(namespace, options) {
      const socket = super.socket(namespace, options);
      // 2.x has no catch-all listener, and calls the refusal of a namespace an error.
      const deliver = socket.onevent.bind(socket);
      socket.onAny = (listener) => {
        socket.onevent = (packet) => {
          const { data = [], id } = packet;
          listener(...data, ...(id == null ? [] : [socket.ack(id)]));
          deliver(packet);
        };
      };
      socket.on("error", (error) => socket.listeners("connect_error").forEach((listener) => listener.call(socket, error)));
      return socket;
    }
  };
}
