// A WebSocket for Node (RFC 6455, the client's side), which has one only from version 22 on, and none with headers, cookies,
// certificates or agents. Small: what the transport needs of the interface of browsers, and what the other end may do.

import { createHash, randomBytes } from "node:crypto";
import * as http from "node:http";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import { bytesOf } from "../engine/base64.js";
import type { Binary, WriteOptions } from "../engine/packet.js";
import { MAX_ERROR_BODY, MAX_HANDSHAKE_BYTES, type TransportOptions } from "../transports/transport.js";
import type { WebSocketLike } from "../transports/websocket.js";
import type { CookieJar } from "./cookies.js";
import { agree, type Deflate, OFFER } from "./deflate.js";
import { BINARY, CLOSE, encodeFrame, FrameError, FrameReader, type Message, PING, PONG, TEXT } from "./frames.js";
import { requestOptions } from "./options.js";

/** Bytes of a message that are taken without the option `maxPayload`. */
const MAX_PAYLOAD = 100 * 1024 * 1024;
/** Milliseconds that the peer has to answer our close. */
const CLOSE_TIMEOUT = 2000;
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** How a WebSocket ended. */
export interface CloseEvent {
  type: "close";
  code: number;
  reason: string;
  wasClean: boolean;
}

/** What went wrong; `status` and `body` are those of an answer that was no upgrade. */
export interface ErrorEvent {
  type: "error";
  message: string;
  error: Error;
  status?: number;
  body?: string;
}

export class NodeSocket implements WebSocketLike {
  /** Bytes arrive as Buffers whatever this is: the session makes of them what the application wants. */
  binaryType = "nodebuffer";
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly takesEarly: boolean;

  readonly #options: TransportOptions;
  readonly #request: http.ClientRequest;
  #socket: Duplex | undefined;
  #reader: FrameReader | undefined;
  #deflate: Deflate | undefined;
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";
  /** Frames to write at the end of this turn. */
  #pending: Buffer[] = [];
  #scheduled = false;
  /** Settled when the bytes of the Blobs before are there; what comes behind them waits. */
  #blobs: Promise<void> | undefined;
  #end: CloseEvent = { type: "close", code: 1006, reason: "", wasClean: false };

  constructor(url: string, options: TransportOptions, takesEarly = false, jar?: CookieJar) {
    this.#options = options;
    this.takesEarly = takesEarly;
    const key = randomBytes(16).toString("base64");
    const cookie = jar?.header();
    const { perMessageDeflate, protocols } = options;
    const { request, globalAgent } = url.startsWith("wss") ? https : http;
    this.#request = request(url.replace(/^ws/, "http"), {
      ...requestOptions(options),
      ...(takesEarly && !options.agent && { createConnection: corked(globalAgent) }),
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": key,
        ...(perMessageDeflate !== false && { "sec-websocket-extensions": OFFER }),
        ...(protocols?.length && { "sec-websocket-protocol": [protocols].flat().join(", ") }),
        ...(options.origin && { origin: options.origin }),
        ...(cookie && { cookie }),
        ...options.extraHeaders,
      },
    });
    this.#request.on("upgrade", (response, socket, head) => {
      jar?.store(response.headers["set-cookie"]);
      this.#onUpgrade(response, socket, head, key);
    });
    this.#request.on("response", (response) => this.#onRefused(response));
    this.#request.on("error", (error) => this.#fail(error));
    this.#request.on("socket", (socket) => {
      if (options.autoUnref) socket.unref();
    });
    this.#request.end();
    if (takesEarly) setImmediate(() => this.#sendEarly());
  }

  /** Sends a message. Before it is open only where `takesEarly`, and ignored once closing. */
  send(data: string | Binary, { compress = true }: WriteOptions = {}): void {
    if (this.#blobs || (typeof data !== "string" && "size" in data)) {
      const bytes = typeof data !== "string" && "size" in data ? data.arrayBuffer() : data;
      const previous = this.#blobs ?? Promise.resolve();
      const next = previous.then(async () => this.#write(await bytes, compress)).catch((error) => this.#fail(error));
      this.#blobs = next;
      next.then(() => {
        if (this.#blobs === next) this.#blobs = undefined;
      });
    } else this.#write(data, compress);
  }

  close(): void {
    if (this.#state === "connecting") {
      this.#state = "closed";
      this.#request.destroy();
    } else if (this.#state === "open") this.#startClosing(1000);
  }

  #write(data: string | Exclude<Binary, Blob>, compress: boolean): void {
    if (this.#state !== "open" && !(this.#state === "connecting" && this.takesEarly)) return;
    const opcode = typeof data === "string" ? TEXT : BINARY;
    const bytes = typeof data === "string" ? data : bytesOf(data);
    const deflate = compress ? this.#deflate : undefined;
    if (deflate && (typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.length) >= deflate.threshold) {
      this.#push(encodeFrame(opcode, deflate.deflate(bytes), true));
    } else this.#push(encodeFrame(opcode, bytes));
  }

  /** What is sent in one turn goes out with one call of the system. */
  #push(frame: Buffer): void {
    this.#pending.push(frame);
    if (this.#scheduled || !this.#socket) return;
    this.#scheduled = true;
    process.nextTick(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const [only] = this.#pending;
    if (only) this.#socket?.write(this.#pending.length === 1 ? only : Buffer.concat(this.#pending));
    this.#pending = [];
  }

  /** What was sent already goes behind the request, in the same segment. */
  #sendEarly(): void {
    const { socket } = this.#request;
    if (this.#state === "connecting" && this.#pending.length) {
      socket?.write(Buffer.concat(this.#pending));
      this.#pending = [];
    }
    socket?.uncork();
  }

  #onUpgrade(response: http.IncomingMessage, socket: Duplex, head: Buffer, key: string): void {
    if (this.#state !== "connecting") {
      socket.destroy();
      return;
    }
    const { headers } = response;
    try {
      const accept = createHash("sha1")
        .update(key + GUID)
        .digest("base64");
      if (headers["sec-websocket-accept"] !== accept) throw new Error("not a WebSocket's answer");
      const { perMessageDeflate, protocols } = this.#options;
      const protocol = headers["sec-websocket-protocol"];
      if (protocol && ![protocols ?? []].flat().includes(protocol))
        throw new Error("a subprotocol that was not offered");
      const threshold = (perMessageDeflate || undefined)?.threshold ?? 1024;
      this.#deflate = agree(headers["sec-websocket-extensions"], threshold);
    } catch (error) {
      socket.destroy();
      this.#fail(error as Error);
      return;
    }
    this.#socket = socket;
    this.#state = "open";
    // Whoever has not shown yet that he is a server of ours may not send much.
    this.#reader = new FrameReader(Math.min(MAX_HANDSHAKE_BYTES, this.#limit), this.#deflate);
    socket.on("data", (bytes: Buffer) => this.#onData(bytes));
    // The end follows, and is told as one: as browsers do, and the package `ws`.
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    socket.on("close", () => this.#onClosed());
    this.#emit("onopen", { type: "open" });
    if (this.#pending.length) this.#flush();
    if (head.length) this.#onData(head);
  }

  get #limit(): number {
    return this.#options.maxPayload || MAX_PAYLOAD;
  }

  #onRefused(response: http.IncomingMessage): void {
    const { statusCode: status = 0 } = response;
    let body = "";
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      body += text;
      if (body.length > MAX_ERROR_BODY) response.destroy();
    });
    response.on("error", () => {});
    response.on("close", () => {
      this.#fail(new Error(`Unexpected server response: ${status}`), { status, body: body.slice(0, MAX_ERROR_BODY) });
      this.#request.destroy();
    });
  }

  #onData(bytes: Buffer): void {
    const reader = this.#reader;
    if (!reader || this.#state === "closed") return;
    try {
      for (const message of reader.read(bytes)) {
        this.#onMessage(message);
        reader.limit = this.#limit;
      }
    } catch (error) {
      const { code = 1002 } = error as { code?: number };
      if (error instanceof FrameError && this.#state === "open") this.#startClosing(code);
      this.#fail(error as Error);
    }
  }

  #onMessage({ opcode, data }: Message): void {
    if (opcode === PING) this.#push(encodeFrame(PONG, data));
    else if (opcode === CLOSE) {
      if (data.length === 1) throw new FrameError(1002, "a bad close frame");
      const code = data.length ? data.readUInt16BE(0) : 1005;
      this.#end = { type: "close", code, reason: data.subarray(2).toString(), wasClean: true };
      if (this.#state === "open") this.#startClosing(data.length ? code : 1000);
      this.#flush();
      this.#socket?.end();
    } else if (this.#state === "open" && opcode !== PONG) {
      this.#emit("onmessage", { type: "message", data: opcode === TEXT ? data.toString() : data });
    }
  }

  #startClosing(code: number): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#push(encodeFrame(CLOSE, payload));
    this.#flush();
    this.#state = "closing";
    setTimeout(() => this.#socket?.destroy(), CLOSE_TIMEOUT).unref();
  }

  #fail(error: Error, answer?: { status: number; body: string }): void {
    if (this.#state === "closed") return;
    const wasOpen = this.#socket !== undefined;
    this.#emit("onerror", { type: "error", message: error.message, error, ...answer });
    if (wasOpen) this.#socket?.end();
    else this.#onClosed();
  }

  #onClosed(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#emit("onclose", this.#end);
  }

  #emit(handler: "onopen" | "onmessage" | "onclose" | "onerror", event: object): void {
    (this[handler] as ((event: object) => void) | null)?.(event);
  }
}

/** Connects as `agent` does, and holds the request back until what is sent early is behind it. */
function corked(agent: http.Agent): (options: http.ClientRequestArgs) => Duplex | null | undefined {
  return (options) => {
    const socket = agent.createConnection(options);
    socket?.cork();
    return socket;
  };
}
