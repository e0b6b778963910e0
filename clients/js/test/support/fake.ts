// A server on the other side of a transport that is only memory: what the client sends is a list of strings, what the
// server says is a call. A polling-like transport can be paused; what is "in flight" is for the test to end.

import { type Binary, decodePacket, type EnginePacket, encodePacket } from "../../src/engine/packet.js";
import { countFitting } from "../../src/engine/payload.js";
import type { Link, Transport, TransportFactory } from "../../src/transports/transport.js";

export const OPEN = {
  sid: "engine-sid",
  upgrades: [] as string[],
  pingInterval: 25_000,
  pingTimeout: 20_000,
  maxPayload: 1_000_000,
};

/** One transport that a session has opened. */
export class Wire {
  /** Text packets as on the wire, binary ones as they are. */
  readonly sent: (string | Binary)[] = [];
  closed = false;
  paused: (() => void) | undefined;
  resumed = 0;
  /** Whether `drain` is to be called for each `send`, as over polling. */
  holds = false;
  writable = true;
  readonly name: string;
  readonly link: Link;

  constructor(name: string, link: Link) {
    this.name = name;
    this.link = link;
  }

  /** The server sends a packet. */
  says(text: string | ArrayBuffer): void {
    this.link.packet(typeof text === "string" ? decodePacket(text) : { type: "message", data: text });
  }

  /** The server sends the open packet. */
  shakes(changes: Partial<typeof OPEN> = {}): void {
    this.says(`0${JSON.stringify({ ...OPEN, ...changes })}`);
  }

  /** What was sent since the last call. */
  take(): (string | Binary)[] {
    return this.sent.splice(0);
  }

  /** Ends a held `send`. */
  drain(): void {
    this.writable = true;
    this.link.drained();
  }
}

/** A transport of the given name; each one that is opened is added to `wires`. */
export function fakeTransport(name: string, wires: Wire[], { pausable = false, holds = false } = {}): TransportFactory {
  return (link): Transport => {
    const wire = new Wire(name, link);
    wire.holds = holds;
    const transport: Transport = {
      name,
      get writable() {
        return wire.writable && !wire.closed;
      },
      open: () => wires.push(wire),
      send: (packets: EnginePacket[]) => {
        for (const packet of packets) {
          const { data } = packet;
          wire.sent.push(data === undefined || typeof data === "string" ? encodePacket(packet) : data);
        }
        if (wire.holds) wire.writable = false;
        else link.drained();
      },
      close: () => {
        wire.closed = true;
      },
    };
    if (!pausable) return transport;
    return Object.assign(transport, {
      fit: (packets: EnginePacket[], maxPayload: number) => countFitting(packets, maxPayload),
      pause: (done: () => void) => {
        wire.paused = done;
      },
      resume: () => {
        wire.resumed++;
      },
    });
  };
}

/** The last element, which must be there. */
export function last<T>(list: T[]): T {
  const found = list.at(-1);
  if (found === undefined) throw new Error("the list is empty");
  return found;
}

/** Lets everything that is ready to run, run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
