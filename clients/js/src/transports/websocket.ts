// WebSocket (Engine.IO v4 § WebSocket): one packet a message, binary messages as they are.

import { type Binary, decodePacket, encodePacket, type Packet } from "../engine/packet.js";
import type { Link, Transport, TransportOptions, WebSocketConstructor } from "./transport.js";

/** The WebSocket that the options name, else that of the platform, else nothing. */
export function findWebSocket(options: TransportOptions): WebSocketConstructor | undefined {
  return options.WebSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
}

export function websocket(link: Link): Transport {
  let socket: InstanceType<WebSocketConstructor> | undefined;
  let open = false;
  return {
    name: "websocket",
    get writable() {
      return open;
    },
    open() {
      try {
        const WebSocket = findWebSocket(link.options);
        if (!WebSocket) throw new Error("no WebSocket here: give one in the options");
        socket = new WebSocket(link.url("ws"), [], { headers: { ...link.options.extraHeaders } });
      } catch (error) {
        // Not at once: whoever called has not finished setting up yet.
        queueMicrotask(() => link.failed("websocket error", error));
        return;
      }
      socket.binaryType = "arraybuffer";
      socket.onopen = () => {
        open = true;
        link.opened();
      };
      socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
        let packet: Packet;
        try {
          packet = typeof data === "string" ? decodePacket(data) : { type: "message", data };
        } catch (error) {
          return link.failed("server error", error);
        }
        link.packet(packet);
      };
      socket.onclose = (context: unknown) => {
        open = false;
        link.closed({ description: "websocket connection closed", context });
      };
      socket.onerror = (event: unknown) => link.failed("websocket error", event);
    },
    send(packets) {
      for (const packet of packets) {
        socket?.send(typeof packet.data === "string" ? encodePacket(packet) : (packet.data as Binary as ArrayBuffer));
      }
      link.drained();
    },
    close() {
      open = false;
      socket?.close();
    },
  };
}
