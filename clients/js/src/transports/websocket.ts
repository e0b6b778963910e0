// WebSocket (Engine.IO v4 § WebSocket): one packet a message, binary messages as they are.
// Which WebSocket is the caller's business: the platform's, or `node/websocket.ts`.

import { bytesOf, toBase64 } from "../engine/base64.js";
import { type Binary, decodePacket, encodePacket, type WriteOptions } from "../engine/packet.js";
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
        Object.assign(socket, {
          binaryType: "arraybuffer",
          onopen() {
            open = true;
            link.opened();
          },
          onmessage({ data }: { data: string | ArrayBuffer }) {
            link.packet(typeof data === "string" ? decodePacket(data) : { type: "message", data });
          },
          onclose(context: unknown) {
            open = false;
            link.closed({ description: "websocket connection closed", context });
          },
          onerror(event: FailureDetails) {
            link.failed("websocket error", { description: event, status: event.status, body: event.body });
          },
        });
      },
      send(packets) {
        for (const packet of packets) {
          let { data } = packet;
          if (!data || typeof data === "string") data = encodePacket(packet);
          // A Blob's bytes would come too late.
          else if (POLLING && link.options.forceBase64 && !("size" in data)) data = `b${toBase64(bytesOf(data))}`;
          socket?.send(data, packet.options);
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

/** The platform's WebSocket. */
export const WebSocket: TransportFactory = /* @__PURE__ */ websocketBy(
  (url, { protocols }) => new globalThis.WebSocket(url, protocols ?? []) as WebSocketLike,
);
