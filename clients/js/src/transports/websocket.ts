// WebSocket (Engine.IO v4 § WebSocket): one packet a message, binary messages as they are.
// Which WebSocket is the caller's business: the platform's, or `node/websocket.ts`.

import { bytesOf, fromBase64, toBase64 } from "../engine/base64.js";
import { type Binary, decodePacket, type EnginePacket, encodePacket, type WriteOptions } from "../engine/packet.js";
import type { FailureDetails, Link, TransportFactory, TransportOptions } from "./transport.js";

/** What is used of a WebSocket. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  /** Whether it takes messages before it is open, which then go with its request. */
  readonly takesEarly?: boolean;
  send(data: string | Binary, options?: WriteOptions): void;
  close(): void;
}

/** The transport on a WebSocket that `create` makes. */
export function websocketBy(
  create: (url: string, options: TransportOptions, link: Link) => WebSocketLike,
): TransportFactory {
  return (link: Link) => {
    let socket: WebSocketLike | undefined;
    let open = false;
    return {
      name: "websocket",
      get writable() {
        return open;
      },
      open() {
        try {
          socket = create(link.url("ws"), link.options, link);
        } catch (error) {
          // Not at once: whoever called has not finished setting up yet.
          queueMicrotask(() => link.failed("websocket error", { description: error }));
          return;
        }
        open = !!socket.takesEarly;
        socket.binaryType = "arraybuffer";
        socket.onopen = () => {
          open = true;
          link.opened();
        };
        socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
          let packet: EnginePacket;
          try {
            packet = read(data);
          } catch (error) {
            return link.failed("server error", { description: error });
          }
          link.packet(packet);
        };
        socket.onclose = (context: unknown) => {
          open = false;
          link.closed({ description: "websocket connection closed", context });
        };
        socket.onerror = (event: FailureDetails) => {
          link.failed("websocket error", { description: event, status: event.status, body: event.body });
        };
      },
      send(packets) {
        for (const packet of packets) {
          const { data, options } = packet;
          if (!data || typeof data === "string") socket?.send(encodePacket(packet), options);
          // A Blob's bytes would come too late.
          else if (!link.options.forceBase64 || "size" in data) socket?.send(data, options);
          else socket?.send(`b${toBase64(bytesOf(data))}`, options);
        }
        // Later, so that what is sent in one turn gathers.
        queueMicrotask(() => link.drained());
      },
      close() {
        open = false;
        socket?.close();
      },
    };
  };
}

function read(data: string | ArrayBuffer): EnginePacket {
  if (typeof data !== "string") return { type: "message", data };
  return data[0] === "b" ? { type: "message", data: fromBase64(data.slice(1)) } : decodePacket(data);
}

/** The platform's WebSocket. */
export const WebSocket: TransportFactory = /* @__PURE__ */ websocketBy(
  (url, { protocols }) => new globalThis.WebSocket(url, protocols ?? []) as WebSocketLike,
);
