// src/msgpack/decode.ts
var utf8 = new TextDecoder();
function decode(message) {
  const reader = new Reader(message);
  const value = reader.value(0);
  if (reader.left) throw new Error("trailing bytes");
  return value;
}
var MAX_DEPTH = 512;
var Reader = class {
  #at = 0;
  #message;
  #view;
  constructor(message) {
    this.#message = message;
    this.#view = message instanceof ArrayBuffer ? new DataView(message) : new DataView(message.buffer, message.byteOffset, message.byteLength);
  }
  get left() {
    return this.#view.byteLength - this.#at;
  }
  value(depth) {
    if (depth > MAX_DEPTH) throw new Error("too deep");
    const code = this.#uint(1);
    if (code < 128) return code;
    if (code < 144) return this.#map(code & 15, depth);
    if (code < 160) return this.#array(code & 15, depth);
    if (code < 192) return this.#string(code & 31);
    if (code >= 224) return code - 256;
    if (code >= 222) return this.#map(this.#uint(2 << code - 222), depth);
    if (code >= 220) return this.#array(this.#uint(2 << code - 220), depth);
    if (code >= 217) return this.#string(this.#uint(1 << code - 217));
    if (code >= 212) return this.#extension(1 << code - 212);
    if (code >= 208) return this.#int(1 << code - 208);
    if (code >= 204) return this.#uint(1 << code - 204);
    if (code === 203) return this.#view.getFloat64(this.#skip(8));
    if (code === 202) return this.#view.getFloat32(this.#skip(4));
    if (code >= 199) return this.#extension(this.#uint(1 << code - 199));
    if (code >= 196) return this.#bytes(this.#uint(1 << code - 196));
    if (code === 193) throw new Error("no such code");
    return code === 192 ? null : code === 195;
  }
  #map(length, depth) {
    const map = {};
    for (let index = 0; index < length; index++) {
      const key = String(this.value(depth + 1));
      const value = this.value(depth + 1);
      if (key === "__proto__")
        Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
      else map[key] = value;
    }
    return map;
  }
  #array(length, depth) {
    const array = [];
    while (array.length < length) array.push(this.value(depth + 1));
    return array;
  }
  #string(length) {
    const at = this.#skip(length);
    return utf8.decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length));
  }
  #bytes(length) {
    const at = this.#skip(length);
    return this.#message instanceof ArrayBuffer ? this.#message.slice(at, at + length) : this.#message.constructor.from(this.#message.subarray(at, at + length));
  }
  /** Type 0 is notepack's own: `undefined`, dates, bytes. Type -1 is the specification's date. */
  #extension(length) {
    const type = this.#int(1);
    const end = this.#at + length;
    if (type === 0 && length === 1) {
      this.#skip(1);
      return void 0;
    }
    if (type === 0 && length === 8) return new Date(this.#int(8));
    if (type === -1 && length === 4) return new Date(this.#uint(4) * 1e3);
    if (type === -1 && length === 8) {
      const high = this.#uint(4);
      return new Date(((high & 3) * 2 ** 32 + this.#uint(4)) * 1e3 + (high >>> 2) / 1e6);
    }
    if (type === -1 && length === 12) {
      const nanoseconds = this.#uint(4);
      return new Date(this.#int(8) * 1e3 + nanoseconds / 1e6);
    }
    const bytes = this.#bytes(end - this.#at);
    return type === 0 ? bytes : [type, bytes];
  }
  #uint(size) {
    const at = this.#skip(size);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at);
    if (size === 4) return this.#view.getUint32(at);
    return this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }
  #int(size) {
    const at = this.#skip(size);
    if (size === 1) return this.#view.getInt8(at);
    if (size === 2) return this.#view.getInt16(at);
    if (size === 4) return this.#view.getInt32(at);
    return this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }
  /** Steps over `count` bytes; gives where they begin. */
  #skip(count) {
    const at = this.#at;
    if (count > this.left) throw new Error("message too short");
    this.#at += count;
    return at;
  }
};

// src/engine/base64.ts
function bytesOf(data) {
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}
function toBase64(bytes) {
  let characters = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    characters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(characters);
}
function fromBase64(text) {
  if (text.length % 4 || /[^\w+/=]|_|=[^=]|===/.test(text)) return void 0;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}

// src/engine/packet.ts
function isBinary(value) {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value) || value instanceof Blob;
}
var TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
function encodePacket({ type, data = "" }) {
  return TYPES.indexOf(type) + data;
}
function decodePacket(text) {
  const rest = text.slice(1);
  const bytes = text[0] === "b" ? fromBase64(rest) : void 0;
  if (bytes) return { type: "message", data: bytes };
  const type = TYPES[text.charCodeAt(0) - 48];
  return type ? { type, data: rest } : { type: "error", data: text };
}

// src/msgpack/encode.ts
function encode(value) {
  const writer = new Writer();
  writer.value(value);
  return writer.bytes();
}
var utf82 = new TextEncoder();
var Writer = class {
  #at = 0;
  #buffer = new Uint8Array(256);
  #view = new DataView(this.#buffer.buffer);
  bytes() {
    return this.#buffer.subarray(0, this.#at);
  }
  value(value) {
    if (value === true || value === false) this.#put(1, value ? 195 : 194);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "string") this.#string(value);
    else if (typeof value === "bigint") throw new TypeError("MessagePack has no BigInt here");
    else if (typeof value !== "object" || !value) this.#put(1, 192);
    else if (isBinary(value)) this.#binary(value);
    else if (Array.isArray(value)) {
      this.#head(value.length, 144, 16, 220);
      for (const item of value) this.value(item);
    } else if (value instanceof Date) this.#date(value.getTime());
    else if (typeof value.toJSON === "function") {
      this.value(value.toJSON());
    } else this.#map(value);
  }
  #map(map) {
    const keys = Object.keys(map).filter((key) => map[key] !== void 0 && typeof map[key] !== "function");
    this.#head(keys.length, 128, 16, 222);
    for (const key of keys) {
      this.#string(key);
      this.value(map[key]);
    }
  }
  #number(value) {
    if (!Number.isSafeInteger(value)) {
      this.#put(1, 203);
      this.#view.setFloat64(this.#grow(8), value);
    } else if (value >= 0) {
      if (value < 128) this.#put(1, value);
      else if (value < 256) this.#put(1, 204, 1, value);
      else if (value < 65536) this.#put(1, 205, 2, value);
      else if (value < 4294967296) this.#put(1, 206, 4, value);
      else this.#put(1, 207, 4, Math.floor(value / 2 ** 32), 4, value);
    } else if (value >= -32) this.#put(1, value);
    else if (value >= -128) this.#put(1, 208, 1, value);
    else if (value >= -32768) this.#put(1, 209, 2, value);
    else if (value >= -2147483648) this.#put(1, 210, 4, value);
    else this.#put(1, 211, 4, Math.floor(value / 2 ** 32), 4, value);
  }
  #date(time) {
    this.#put(2, 55040, 4, Math.floor(time / 2 ** 32), 4, time);
  }
  #string(text) {
    const bytes = utf82.encode(text);
    if (bytes.length < 32) this.#put(1, 160 | bytes.length);
    else this.#length(bytes.length, 217);
    this.#append(bytes);
  }
  #binary(value) {
    if ("size" in value)
      throw new TypeError("the bytes of a Blob come too late for MessagePack: await its arrayBuffer()");
    const bytes = ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
    this.#length(bytes.length, 196);
    this.#append(bytes);
  }
  /** The head of an array or a map: `fixed` has the length in it, `code` and its neighbour before two or four bytes. */
  #head(length, fixed, below, code) {
    if (length < below) this.#put(1, fixed | length);
    else if (length < 65536) this.#put(1, code, 2, length);
    else this.#put(1, code + 1, 4, length);
  }
  /** The head of a string or of bytes: `code` and its neighbours before one, two or four bytes. */
  #length(length, code) {
    if (length < 256) this.#put(1, code, 1, length);
    else this.#head(length, 0, 0, code + 1);
  }
  /** Writes numbers, each after the count of its bytes (1, 2 or 4). */
  #put(...sizesAndNumbers) {
    for (let index = 0; index < sizesAndNumbers.length; index += 2) {
      const size = sizesAndNumbers[index];
      const number = sizesAndNumbers[index + 1];
      const at = this.#grow(size);
      if (size === 1) this.#view.setUint8(at, number);
      else if (size === 2) this.#view.setUint16(at, number);
      else this.#view.setUint32(at, number);
    }
  }
  #append(bytes) {
    const at = this.#grow(bytes.length);
    this.#buffer.set(bytes, at);
  }
  /** Where the next `count` bytes go. */
  #grow(count) {
    const at = this.#at;
    this.#at += count;
    if (this.#at > this.#buffer.length) {
      const larger = new Uint8Array(2 * this.#at);
      larger.set(this.#buffer);
      this.#buffer = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
};

// src/parser/packet.ts
var protocol = 5;
var CONNECT = 0;
var DISCONNECT = 1;
var EVENT = 2;
var ACK = 3;
var CONNECT_ERROR = 4;
var WITH_BINARY = 3;
var RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// src/parser/msgpack.ts
var Encoder = class {
  /**
   * One binary message.
   * @throws TypeError for a BigInt or a Blob, RangeError for a cycle.
   */
  encode({ type, data, nsp, id }) {
    return [encode({ type, data, nsp, id })];
  }
};
var Decoder = class {
  #decoded = () => {
  };
  on(_event, listener) {
    this.#decoded = listener;
  }
  /** There is nothing to forget. */
  destroy() {
  }
  /**
   * Takes a message; calls the listener with its packet.
   * @throws Error when it is none.
   */
  add(message) {
    if (typeof message === "string") throw new Error("text instead of MessagePack");
    const packet = decode(message);
    if (!isRecord(packet) || !isPacket(packet)) throw new Error("not a packet");
    this.#decoded(packet);
  }
};
function isPacket(value) {
  const { type, data, nsp, id } = value;
  if (typeof nsp !== "string" || !(id === void 0 || Number.isInteger(id))) return false;
  switch (type) {
    case CONNECT:
      return data === void 0 || isRecord(data);
    case DISCONNECT:
      return data === void 0;
    case CONNECT_ERROR:
      return typeof data === "string" || isRecord(data);
    case EVENT:
      return Array.isArray(data) && !RESERVED.includes(data[0]);
    case ACK:
      return Array.isArray(data);
    default:
      return false;
  }
}

// src/transports/websocket.ts
function websocketBy(create) {
  return (link) => {
    let socket;
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
          onmessage({ data }) {
            link.packet(typeof data === "string" ? decodePacket(data) : { type: "message", data });
          },
          onclose(context) {
            open = false;
            link.closed({ description: "websocket connection closed", context });
          },
          onerror(event) {
            link.failed("websocket error", { description: event, status: event.status, body: event.body });
          }
        });
      },
      send(packets) {
        for (const packet of packets) {
          let { data } = packet;
          if (!data || typeof data === "string") data = encodePacket(packet);
          else if (link.options.forceBase64 && !("size" in data)) data = `b${toBase64(bytesOf(data))}`;
          socket?.send(data, packet.options);
        }
        queueMicrotask(() => link.drained());
      },
      close() {
        open = false;
        socket?.close();
      }
    };
  };
}

// src/node/cookies.ts
var MAX_COOKIES = 100;
var CookieJar = class {
  #cookies = /* @__PURE__ */ new Map();
  /** Takes the values of `Set-Cookie`. */
  store(headers) {
    for (const header of headers ?? []) {
      const [pair = "", ...attributes] = header.split("; ");
      const [, name, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
      if (name === void 0 || value === void 0) continue;
      this.#cookies.delete(name);
      this.#cookies.set(name, { value, expires: expiry(attributes) });
      const [oldest] = this.#cookies.keys();
      if (this.#cookies.size > MAX_COOKIES) this.#cookies.delete(oldest);
    }
  }
  /** The header `Cookie`; empty when there is none. */
  header() {
    const now = Date.now();
    for (const [name, { expires }] of this.#cookies) if (expires <= now) this.#cookies.delete(name);
    return [...this.#cookies].map(([name, { value }]) => `${name}=${value}`).join("; ");
  }
};
function expiry(attributes) {
  let expires = Number.POSITIVE_INFINITY;
  for (const attribute of attributes) {
    const [, name = "", value = ""] = /^([^=]*)=?(.*)$/.exec(attribute) ?? [];
    if (/^max-age$/i.test(name) && /^-?\d+$/.test(value)) return Date.now() + 1e3 * Number(value);
    if (/^expires$/i.test(name) && Date.parse(value)) expires = Date.parse(value);
  }
  return expires;
}
var jars = /* @__PURE__ */ new WeakMap();
function jarOf(owner) {
  let jar = jars.get(owner);
  if (!jar) {
    jar = new CookieJar();
    jars.set(owner, jar);
  }
  return jar;
}

// src/node/websocket.ts
import { createHash, randomBytes } from "node:crypto";
import * as http from "node:http";
import * as https from "node:https";

// src/transports/transport.ts
var MAX_ERROR_BODY = 1e4;
var MAX_HANDSHAKE_BYTES = 1e6;

// src/node/deflate.ts
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
var OFFER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
var TAIL = Buffer.from([0, 0, 255, 255]);
var LAST = Buffer.from([1, 0, 0, 255, 255]);
var Deflate = class {
  /** Bytes from which on a message is compressed. */
  threshold;
  constructor(threshold) {
    this.threshold = threshold;
  }
  inflate(data, limit) {
    if (!data.length) return data;
    return inflateRawSync(Buffer.concat([data, TAIL, LAST]), { maxOutputLength: limit + 1 });
  }
  deflate(data) {
    return deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -TAIL.length);
  }
};
function agree(answer, threshold) {
  if (!answer) return void 0;
  const [name, ...parameters] = answer.split(";").map((part) => part.trim());
  const known = /^(server_no_context_takeover|client_no_context_takeover|server_max_window_bits=\d+)$/;
  const isOurs = name === "permessage-deflate" && parameters.every((parameter) => known.test(parameter));
  if (!isOurs || !parameters.includes("server_no_context_takeover"))
    throw new Error("an extension that was not offered");
  return new Deflate(threshold);
}

// src/node/frames.ts
import { isUtf8 } from "node:buffer";
import { randomFillSync } from "node:crypto";
var TEXT = 1;
var BINARY = 2;
var CLOSE = 8;
var PING = 9;
var PONG = 10;
var MAX_FRAGMENTS = 1e4;
var FrameError = class extends Error {
  code;
  constructor(code, message) {
    super(message);
    this.code = code;
  }
};
var masks = Buffer.alloc(8192);
var masksUsed = masks.length;
function encodeFrame(opcode, data, compressed = false) {
  const length = typeof data === "string" ? Buffer.byteLength(data) : data.length;
  const head = length < 126 ? 6 : length < 65536 ? 8 : 14;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 128 | (compressed ? 64 : 0) | opcode;
  if (head === 6) frame[1] = 128 | length;
  else if (head === 8) {
    frame[1] = 128 | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 128 | 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length >>> 0, 6);
  }
  if (masksUsed === masks.length) {
    randomFillSync(masks);
    masksUsed = 0;
  }
  masks.copy(frame, head - 4, masksUsed, masksUsed + 4);
  masksUsed += 4;
  if (typeof data === "string") frame.write(data, head);
  else frame.set(data, head);
  for (let at = head; at < frame.length; at++) {
    frame[at] = frame[at] ^ frame[head - 4 + (at - head & 3)];
  }
  return frame;
}
var FrameReader = class {
  /** Bytes that a message may have. */
  limit;
  #inflater;
  /** What has arrived and is not read yet. */
  #chunks = [];
  #length = 0;
  /** The message whose fragments are arriving. */
  #fragments = [];
  #fragmentsLength = 0;
  #opcode = 0;
  #compressed = false;
  constructor(limit, inflater) {
    this.limit = limit;
    this.#inflater = inflater;
  }
  /**
   * Takes bytes; gives the messages that they complete, one by one.
   * @throws FrameError when the peer does not keep to the protocol or a limit.
   */
  *read(bytes) {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    for (let size = this.#wanted(); size <= this.#length; size = this.#wanted()) {
      const message = this.#frame(this.#take(size));
      if (message) yield message;
    }
  }
  /** Bytes of the frame that comes next, as far as can be told: its head, then its whole. */
  #wanted() {
    if (this.#length < 2) return 2;
    const [first] = this.#chunks;
    const head = first && first.length >= 10 ? first : this.#peek(Math.min(10, this.#length));
    const short = head[1] & 127;
    const size = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (head.length < size) return size;
    const length = short === 126 ? head.readUInt16BE(2) : short === 127 ? head.readUInt32BE(2) * 2 ** 32 + head.readUInt32BE(6) : short;
    const opcode = head[0] & 15;
    if (head[1] & 128) throw new FrameError(1002, "a masked frame");
    if (opcode >= CLOSE && (length > 125 || !(head[0] & 128)))
      throw new FrameError(1002, "a bad control frame");
    const compressed = opcode ? head[0] & 64 : this.#compressed;
    const limit = compressed ? this.limit + (this.limit >> 8) + 64 : this.limit;
    if (opcode < CLOSE && length + this.#fragmentsLength > limit) {
      throw this.#tooLong();
    }
    return size + length;
  }
  #frame(frame) {
    const first = frame[0];
    const opcode = first & 15;
    const short = frame[1] & 127;
    const data = frame.subarray(short === 126 ? 4 : short === 127 ? 10 : 2);
    const compressed = (first & 64) !== 0;
    const begins = opcode === TEXT || opcode === BINARY;
    if (first & 48 || compressed && !(begins && this.#inflater)) throw new FrameError(1002, "a reserved bit");
    if (opcode === CLOSE || opcode === PING || opcode === PONG) return { opcode, data };
    if (opcode > BINARY) throw new FrameError(1002, "an unknown opcode");
    if (begins === this.#opcode > 0) throw new FrameError(1002, "a fragment out of order");
    if (begins) {
      this.#opcode = opcode;
      this.#compressed = compressed;
    }
    this.#fragmentsLength += data.length;
    const isWhole = first & 128 && !this.#fragments.length;
    if (data.length) this.#fragments.push(isWhole ? data : Buffer.from(data));
    if (this.#fragments.length > MAX_FRAGMENTS) throw new FrameError(1008, "too many fragments");
    return first & 128 ? this.#message() : void 0;
  }
  #message() {
    const opcode = this.#opcode;
    const [only] = this.#fragments;
    let data = this.#fragments.length === 1 && only ? only : Buffer.concat(this.#fragments);
    if (this.#compressed) data = this.#inflate(data);
    this.#fragments = [];
    this.#fragmentsLength = 0;
    this.#opcode = 0;
    if (data.length > this.limit) throw this.#tooLong();
    if (opcode === TEXT && !isUtf8(data)) throw new FrameError(1007, "a text that is not UTF-8");
    return { opcode, data };
  }
  #inflate(data) {
    try {
      return this.#inflater?.inflate(data, this.limit) ?? data;
    } catch (error) {
      const tooLong = error.code === "ERR_BUFFER_TOO_LARGE";
      throw tooLong ? this.#tooLong() : new FrameError(1007, "a message that cannot be decompressed");
    }
  }
  #tooLong() {
    return new FrameError(1009, `a message of more than ${this.limit} bytes`);
  }
  #peek(size) {
    const [first] = this.#chunks;
    if (first && first.length >= size) return first.subarray(0, size);
    this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0].subarray(0, size);
  }
  #take(size) {
    const taken = this.#peek(size);
    const first = this.#chunks[0];
    if (first.length === size) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(size);
    this.#length -= size;
    return taken;
  }
};

// src/node/options.ts
function requestOptions(options) {
  const { agent, localAddress, family, pfx, key, passphrase, cert, ca, ciphers, rejectUnauthorized } = options;
  const { checkServerIdentity } = options;
  const given = { agent, localAddress, family, pfx, key, passphrase, cert, ca, ciphers, rejectUnauthorized };
  const all = { ...given, checkServerIdentity };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== void 0));
}

// src/node/websocket.ts
var MAX_PAYLOAD = 100 * 1024 * 1024;
var CLOSE_TIMEOUT = 2e3;
var GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
var NodeSocket = class {
  /** Bytes arrive as Buffers whatever this is: the session makes of them what the application wants. */
  binaryType = "nodebuffer";
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  takesEarly;
  #options;
  #request;
  #socket;
  #reader;
  #deflate;
  #state = "connecting";
  /** Frames to write at the end of this turn. */
  #pending = [];
  #scheduled = false;
  /** Settled when the bytes of the Blobs before are there; what comes behind them waits. */
  #blobs;
  #end = { type: "close", code: 1006, reason: "", wasClean: false };
  constructor(url, options, takesEarly = false, jar) {
    this.#options = options;
    this.takesEarly = takesEarly;
    const key = randomBytes(16).toString("base64");
    const cookie = jar?.header();
    const { perMessageDeflate, protocols } = options;
    const { request: request3, globalAgent } = url.startsWith("wss") ? https : http;
    this.#request = request3(url.replace(/^ws/, "http"), {
      ...requestOptions(options),
      ...takesEarly && !options.agent && { createConnection: corked(globalAgent) },
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": key,
        ...perMessageDeflate !== false && { "sec-websocket-extensions": OFFER },
        ...protocols?.length && { "sec-websocket-protocol": [protocols].flat().join(", ") },
        ...options.origin && { origin: options.origin },
        ...cookie && { cookie },
        ...options.extraHeaders
      }
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
  send(data, { compress = true } = {}) {
    if (this.#blobs || typeof data !== "string" && "size" in data) {
      const bytes = typeof data !== "string" && "size" in data ? data.arrayBuffer() : data;
      const previous = this.#blobs ?? Promise.resolve();
      const next = previous.then(async () => this.#write(await bytes, compress)).catch((error) => this.#fail(error));
      this.#blobs = next;
      next.then(() => {
        if (this.#blobs === next) this.#blobs = void 0;
      });
    } else this.#write(data, compress);
  }
  close() {
    if (this.#state === "connecting") {
      this.#state = "closed";
      this.#request.destroy();
    } else if (this.#state === "open") this.#startClosing(1e3);
  }
  #write(data, compress) {
    if (this.#state !== "open" && !(this.#state === "connecting" && this.takesEarly)) return;
    const opcode = typeof data === "string" ? TEXT : BINARY;
    const bytes = typeof data === "string" ? data : bytesOf(data);
    const deflate = compress ? this.#deflate : void 0;
    if (deflate && (typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.length) >= deflate.threshold) {
      this.#push(encodeFrame(opcode, deflate.deflate(bytes), true));
    } else this.#push(encodeFrame(opcode, bytes));
  }
  /** What is sent in one turn goes out with one call of the system. */
  #push(frame) {
    this.#pending.push(frame);
    if (this.#scheduled || !this.#socket) return;
    this.#scheduled = true;
    process.nextTick(() => this.#flush());
  }
  #flush() {
    this.#scheduled = false;
    const [only] = this.#pending;
    if (only) this.#socket?.write(this.#pending.length === 1 ? only : Buffer.concat(this.#pending));
    this.#pending = [];
  }
  /** What was sent already goes behind the request, in the same segment. */
  #sendEarly() {
    const { socket } = this.#request;
    if (this.#state === "connecting" && this.#pending.length) {
      socket?.write(Buffer.concat(this.#pending));
      this.#pending = [];
    }
    socket?.uncork();
  }
  #onUpgrade(response, socket, head, key) {
    if (this.#state !== "connecting") {
      socket.destroy();
      return;
    }
    const { headers } = response;
    try {
      const accept = createHash("sha1").update(key + GUID).digest("base64");
      if (headers["sec-websocket-accept"] !== accept) throw new Error("not a WebSocket's answer");
      const { perMessageDeflate, protocols } = this.#options;
      const protocol2 = headers["sec-websocket-protocol"];
      if (protocol2 && ![protocols ?? []].flat().includes(protocol2))
        throw new Error("a subprotocol that was not offered");
      const threshold = (perMessageDeflate || void 0)?.threshold ?? 1024;
      this.#deflate = agree(headers["sec-websocket-extensions"], threshold);
    } catch (error) {
      socket.destroy();
      this.#fail(error);
      return;
    }
    this.#socket = socket;
    this.#state = "open";
    this.#reader = new FrameReader(Math.min(MAX_HANDSHAKE_BYTES, this.#limit), this.#deflate);
    socket.on("data", (bytes) => this.#onData(bytes));
    socket.on("error", () => {
    });
    socket.on("end", () => socket.end());
    socket.on("close", () => this.#onClosed());
    this.#emit("onopen", { type: "open" });
    if (this.#pending.length) this.#flush();
    if (head.length) this.#onData(head);
  }
  get #limit() {
    return this.#options.maxPayload || MAX_PAYLOAD;
  }
  #onRefused(response) {
    const { statusCode: status = 0 } = response;
    let body = "";
    response.setEncoding("utf8");
    response.on("data", (text) => {
      body += text;
      if (body.length > MAX_ERROR_BODY) response.destroy();
    });
    response.on("error", () => {
    });
    response.on("close", () => {
      this.#fail(new Error(`Unexpected server response: ${status}`), { status, body: body.slice(0, MAX_ERROR_BODY) });
      this.#request.destroy();
    });
  }
  #onData(bytes) {
    const reader = this.#reader;
    if (!reader || this.#state === "closed") return;
    try {
      for (const message of reader.read(bytes)) {
        this.#onMessage(message);
        reader.limit = this.#limit;
      }
    } catch (error) {
      const { code = 1002 } = error;
      if (error instanceof FrameError && this.#state === "open") this.#startClosing(code);
      this.#fail(error);
    }
  }
  #onMessage({ opcode, data }) {
    if (opcode === PING) this.#push(encodeFrame(PONG, data));
    else if (opcode === CLOSE) {
      if (data.length === 1) throw new FrameError(1002, "a bad close frame");
      const code = data.length ? data.readUInt16BE(0) : 1005;
      this.#end = { type: "close", code, reason: data.subarray(2).toString(), wasClean: true };
      if (this.#state === "open") this.#startClosing(data.length ? code : 1e3);
      this.#flush();
      this.#socket?.end();
    } else if (this.#state === "open" && opcode !== PONG) {
      this.#emit("onmessage", { type: "message", data: opcode === TEXT ? data.toString() : data });
    }
  }
  #startClosing(code) {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#push(encodeFrame(CLOSE, payload));
    this.#flush();
    this.#state = "closing";
    setTimeout(() => this.#socket?.destroy(), CLOSE_TIMEOUT).unref();
  }
  #fail(error, answer) {
    if (this.#state === "closed") return;
    const wasOpen = this.#socket !== void 0;
    this.#emit("onerror", { type: "error", message: error.message, error, ...answer });
    if (wasOpen) this.#socket?.end();
    else this.#onClosed();
  }
  #onClosed() {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#emit("onclose", this.#end);
  }
  #emit(handler, event) {
    this[handler]?.(event);
  }
};
function corked(agent) {
  return (options) => {
    const socket = agent.createConnection(options);
    socket?.cork();
    return socket;
  };
}

// src/node/request.ts
import * as http2 from "node:http";
import * as https2 from "node:https";

// src/engine/payload.ts
var SEPARATOR = "";
async function encodePayload(packets) {
  const texts = packets.map(async (packet) => {
    const { data } = packet;
    if (!data || typeof data === "string") return encodePacket(packet);
    return `b${toBase64("size" in data ? new Uint8Array(await data.arrayBuffer()) : bytesOf(data))}`;
  });
  return (await Promise.all(texts)).join(SEPARATOR);
}
function decodePayload(body) {
  return body.split(SEPARATOR).map(decodePacket);
}
function countFitting(packets, maxBytes) {
  let bytes = -1;
  const tooMany = packets.findIndex(({ data = "" }) => {
    bytes += 2 + (typeof data === "string" ? utf8Length(data) : 4 * Math.ceil(("size" in data ? data.size : data.byteLength) / 3));
    return bytes > maxBytes;
  });
  return tooMany < 0 ? packets.length : tooMany || 1;
}
function utf8Length(text) {
  return new TextEncoder().encode(text).length;
}

// src/platform.ts
var nativeTimers = { setTimeout, clearTimeout };
function timersOf({ useNativeTimers }) {
  return useNativeTimers ? nativeTimers : globalThis;
}
function startTimer(options, action, delay) {
  const { setTimeout: setTimeout2 } = timersOf(options);
  const timer = setTimeout2(action, delay);
  if (options.autoUnref) unref(timer);
  return timer;
}
function stopTimer(options, timer) {
  const { clearTimeout: clearTimeout2 } = timersOf(options);
  clearTimeout2(timer);
}
function listenToPage(event, listener) {
  globalThis.addEventListener?.(event, listener);
}
function leavePage(event, listener) {
  globalThis.removeEventListener?.(event, listener);
}

// src/transports/polling.ts
function pollingBy(requester, readError, writeError) {
  return (link) => {
    let state = "idle";
    let reading;
    let writing;
    let onPaused;
    const fail = (message, details) => {
      const wasClosed = state === "closed";
      state = "closed";
      reading?.();
      writing?.();
      if (!wasClosed) link.failed(message, details);
    };
    const request3 = (url, body, onDone, error) => {
      const { options, owner } = link;
      const end = requester({
        url,
        body,
        options,
        owner,
        limit: state === "idle" ? MAX_HANDSHAKE_BYTES : Number.POSITIVE_INFINITY,
        done(answer) {
          stopTimer(options, timer);
          onDone(answer);
        },
        failed: (details) => fail(error, details)
      });
      const timeOut = () => fail(error, { description: new Error("timeout") });
      const { requestTimeout } = options;
      const timer = requestTimeout ? startTimer(options, timeOut, requestTimeout) : void 0;
      return () => {
        stopTimer(options, timer);
        end();
      };
    };
    const checkPaused = () => {
      if (state === "open" && !reading && !writing) onPaused?.();
    };
    const onAnswer = (body) => {
      for (const packet of decodePayload(body)) {
        if (state === "closed") return;
        if (state === "idle") {
          state = "open";
          link.opened();
        }
        link.packet(packet);
      }
      reading = void 0;
      if (onPaused) checkPaused();
      else if (state === "open") read2();
    };
    const read2 = () => {
      reading = request3(link.url("http"), void 0, onAnswer, readError);
    };
    const write = (packets, done) => {
      const url = link.url("http");
      let ended = false;
      writing = () => {
        ended = true;
      };
      encodePayload(packets).then(
        (body) => {
          if (!ended) writing = request3(url, body, done, writeError);
        },
        // The bytes of a Blob that is gone.
        (description) => ended || fail(writeError, { description })
      );
    };
    return {
      name: "polling",
      get writable() {
        return state === "open" && !writing;
      },
      open: read2,
      fit: countFitting,
      send(packets) {
        write(packets, () => {
          writing = void 0;
          if (state === "closed") return;
          link.drained();
          checkPaused();
        });
      },
      close(tell) {
        const wasWritable = this.writable;
        state = "closed";
        const end = () => reading?.();
        if (tell && wasWritable) write([{ type: "close" }], end);
        else fail("", {});
      },
      pause(done) {
        onPaused = done;
        checkPaused();
      },
      resume() {
        onPaused = void 0;
        if (state === "open" && !reading) read2();
      }
    };
  };
}

// src/node/request.ts
var XHR = pollingBy(request, "xhr poll error", "xhr post error");
function request(asked) {
  const { url, body, options, owner } = asked;
  const jar = options.withCredentials ? jarOf(owner) : void 0;
  const cookie = jar?.header();
  const headers = { accept: "*/*" };
  if (body !== void 0) headers["content-type"] = "text/plain;charset=UTF-8";
  if (body !== void 0) headers["content-length"] = Buffer.byteLength(body);
  if (cookie) headers.cookie = cookie;
  const { request: start } = url.startsWith("https") ? https2 : http2;
  const method = body === void 0 ? "GET" : "POST";
  let ended = false;
  let under;
  const run = () => {
    const sent = start(url, { method, ...requestOptions(options), headers: { ...headers, ...options.extraHeaders } });
    under = sent;
    sent.on("response", (response) => {
      jar?.store(response.headers["set-cookie"]);
      read(asked, response, () => ended);
    });
    sent.on("error", (error) => {
      if (ended) return;
      if (sent.reusedSocket && error.code === "ECONNRESET") run();
      else asked.failed({ description: error, context: sent });
    });
    if (options.autoUnref) sent.on("socket", (socket) => socket.unref());
    sent.end(body);
  };
  run();
  return () => {
    ended = true;
    under.destroy();
  };
}
function read({ limit, done, failed }, response, ended) {
  const { statusCode: status = 0 } = response;
  const chunks = [];
  let length = 0;
  response.on("data", (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= (status === 200 ? limit : MAX_ERROR_BODY)) return;
    if (status === 200) response.destroy(new Error("answer too long"));
    else response.emit("end");
  });
  response.on("end", () => {
    if (ended()) return;
    const text = Buffer.concat(chunks).toString();
    if (status === 200) done(text);
    else {
      const body = text.slice(0, MAX_ERROR_BODY);
      failed({ description: status, status, body, context: Object.assign(response, { status, responseText: body }) });
    }
  });
  response.on("error", (error) => {
    if (!ended()) failed({ description: error, context: response });
  });
}

// src/node/transports.ts
var WebSocket = websocketBy((url, options, { owner }) => {
  const takesEarly = owner.earlyConnect === true && !new URL(url).searchParams.has("sid");
  return new NodeSocket(url, options, takesEarly, options.withCredentials ? jarOf(owner) : void 0);
});

// src/transports/silent.ts
var ignore = () => {
};
var SILENT = { opened: ignore, packet: ignore, drained: ignore, closed: ignore, failed: ignore };
function silence(link) {
  Object.assign(link, SILENT);
}

// src/engine/error.ts
function transportError(message, details) {
  return Object.assign(new Error(message), { type: "TransportError", ...details });
}

// src/events.ts
function invoke(self, listener, args) {
  try {
    listener.apply(self, args);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
function without(listeners, listener) {
  const index = listeners.findIndex((other) => other === listener || other._of === listener);
  return listener ? listeners.filter((_, at) => at !== index) : [];
}
var NOBODY = [];
var Emitter = class {
  // Made by the first listener: most objects of a large number of connections never have one.
  _listeners;
  /** Adds a listener; one that is added twice is called twice. */
  on(event, listener) {
    this._listeners ??= /* @__PURE__ */ new Map();
    this._listeners.set(event, [...this._listenersOf(event), listener]);
    return this;
  }
  /** Adds a listener that is removed before its first call. */
  once(event, listener) {
    const once = (...args) => {
      this.off(event, once);
      listener.apply(this, args);
    };
    once._of = listener;
    return this.on(event, once);
  }
  /** Removes one listener (its oldest registration), all of an event, or all. */
  off(event, listener) {
    if (event === void 0) this._listeners = void 0;
    else {
      const left = without(this._listenersOf(event), listener);
      if (left[0]) this._listeners?.set(event, left);
      else this._listeners?.delete(event);
    }
    return this;
  }
  /** The same as `on`. */
  addEventListener(event, listener) {
    return this.on(event, listener);
  }
  /** The same as `off`. */
  removeListener(event, listener) {
    return this.off(event, listener);
  }
  /** The same as `off`. */
  removeEventListener(event, listener) {
    return this.off(event, listener);
  }
  /** The same as `off`. */
  removeAllListeners(event) {
    return this.off(event);
  }
  /** The listeners of an event, in the order of their calls. */
  listeners(event) {
    return this._listenersOf(event).map((listener) => listener._of ?? listener);
  }
  /** Whether an event has a listener. */
  hasListeners(event) {
    return !!this._listenersOf(event)[0];
  }
  /** @internal Calls the listeners that an event has at this moment. */
  _fire(event, ...args) {
    for (const listener of this._listenersOf(event)) invoke(this, listener, args);
  }
  _listenersOf(event) {
    return this._listeners?.get(event) ?? NOBODY;
  }
};

// src/url.ts
function parseUrl(uri, options = {}, page = globalThis.location) {
  const [, scheme, authority, path, query] = /^(?:(\w+:)?\/\/)?([^/?#]*)([^?#]*)\??([^#]*)/.exec(
    uri ?? ""
  );
  const usual = page?.protocol ?? (authority ? "https:" : "http:");
  const given = uri ? {} : options;
  const { hostname: host = given.host } = given;
  const secure = given.secure ?? /[ps]s:$/.test(scheme ?? usual);
  const elsewhere = host?.includes(":") ? `[${host}]` : host;
  const url = new URL(`http${secure ? "s" : ""}://${authority || elsewhere || (page?.host ?? "localhost")}`);
  if (given.port) url.port = given.port;
  const { hostname } = url;
  const port = url.port || (secure ? "443" : "80");
  return {
    secure,
    hostname,
    port,
    namespace: path || "/",
    query: Object.fromEntries(new URLSearchParams(query)),
    id: `${url.protocol}//${hostname}:${port}`
  };
}

// src/engine/goodbye.ts
var MAX_REASON = 512;
var HOUR = 36e5;
function readGoodbye(json) {
  try {
    const { reason, reconnectAfter } = JSON.parse(json);
    return {
      ...typeof reason === "string" && reason.length <= MAX_REASON && { reason },
      ...Number.isInteger(reconnectAfter) && reconnectAfter >= 0 && { reconnectAfter: Math.min(reconnectAfter, HOUR) }
    };
  } catch {
  }
  return void 0;
}

// src/engine/handshake.ts
function readHandshake(json) {
  try {
    const handshake = JSON.parse(json);
    const { sid, pingInterval, pingTimeout } = handshake;
    if (sid && typeof sid === "string" && pingInterval > 0 && pingTimeout > 0) return handshake;
  } catch {
  }
  return void 0;
}

// src/engine/options.ts
function chooseTransports(options, remembered) {
  const chosen = options.transportImplementations ?? options.transports ?? Object.keys(transports);
  const factories = chosen.flatMap(
    (transport) => typeof transport === "string" ? transports[transport] ?? [] : transport
  );
  const { websocket } = transports;
  if (remembered && options.rememberUpgrade && websocket && factories.includes(websocket)) {
    factories.unshift(websocket);
  }
  return factories;
}

// src/engine/session.ts
var MAX_DELAY = 2 ** 31 - 1;
var Session = class _Session extends Emitter {
  static protocol = 4;
  /** Whether the last session that tried could move to a WebSocket. */
  static priorWebsocketSuccess = false;
  /** The session id; a secret of client and server. */
  id;
  readyState = "opening";
  /** Whether the move to another transport has reached the point where nothing may be sent. */
  upgrading = false;
  /** Packets that are not handed over yet. */
  writeBuffer = [];
  /** What bytes that arrive are: `arraybuffer`, or in Node `nodebuffer`. */
  binaryType = binaryType;
  /** What the server said of the end that is coming. */
  goodbye;
  opts;
  /** @internal Transports to use, the one in use first. */
  _factories;
  /** @internal When the server has been silent for too long. */
  _pingTimeoutTime = Number.POSITIVE_INFINITY;
  /** @internal What the owner does. */
  _hooks;
  /** Scheme, host and port. */
  _server;
  /** How many packets of the buffer the transport has been given. */
  _inFlight = 0;
  _pingDelay = 0;
  _pingTimer;
  /** Starts connecting; listeners that are added before the next task miss nothing. */
  constructor(uri, options = {}, hooks = {}) {
    super();
    this.opts = options;
    this._hooks = hooks;
    const { id, ...target } = parseUrl(uri, options);
    this._server = id;
    Object.assign(this, target);
    this._factories = chooseTransports(options, _Session.priorWebsocketSuccess);
    if (options.closeOnBeforeunload) listenToPage("beforeunload", this);
    this._open();
  }
  /** Sends a message, now or as soon as the transport can. Ignored once closing. `sent` is called when it is under way. */
  send(data, options, sent) {
    if (sent) this.once("flush", sent);
    this._write({ type: "message", data, options });
    return this;
  }
  /** The same as `send`. */
  write(data, options, sent) {
    return this.send(data, options, sent);
  }
  /** Calls the listeners of an event. */
  emit(event, ...args) {
    this._fire(event, ...args);
    return this;
  }
  /** Ends with `forced close`: after sending what is buffered and an upgrade that is half done, or, to `discard`, now. */
  close(discard = false) {
    if (discard === true || this.readyState === "opening") this._end("forced close");
    if (this.readyState === "open") {
      this.readyState = "closing";
      this._endIfDone();
    }
    return this;
  }
  /** @internal An event of the page. */
  handleEvent({ type }) {
    if (type === "offline") this._end("transport close", { description: "network connection lost" });
    else {
      silence(this._link);
      this.transport.close(true);
    }
  }
  /** @internal Whether the server has been silent for too long, which a timer that sleeps with the machine cannot tell. */
  _hasPingExpired() {
    const expired = Date.now() > this._pingTimeoutTime;
    if (expired) queueMicrotask(() => this._end("ping timeout"));
    return expired;
  }
  /** @internal The owner first, then the listeners. */
  _fire(event, ...args) {
    this._hooks[event]?.(...args);
    super._fire(event, ...args);
  }
  /** @internal A transport, and its link, to which nobody listens yet. */
  _create(factory) {
    const { opts } = this;
    const url = (scheme) => {
      const { forceBase64, timestampRequests = scheme === "http", timestampParam = "t" } = link.options;
      const query = new URLSearchParams({
        ...Object.fromEntries(new URLSearchParams(opts.query)),
        ...this.query,
        EIO: "4",
        transport: transport.name,
        ...forceBase64 && { b64: "1" },
        ...this.id && { sid: this.id },
        // No cache between here and the server may answer.
        ...timestampRequests && { [timestampParam]: Date.now().toString(36) + requests++ }
      });
      const path = (opts.path ?? "/socket.io").replace(/\/?$/, opts.addTrailingSlash === false ? "" : "/");
      return `${this._server.replace("http", scheme)}${path}?${query}`;
    };
    const link = { options: opts, owner: opts, url, ...SILENT };
    const transport = factory(link);
    const own = opts.transportOptions?.[transport.name];
    if (own) link.options = { ...opts, ...own };
    return { transport, link };
  }
  /** @internal Uses a transport from now on. */
  _use(transport, link) {
    this.transport = transport;
    this._link = Object.assign(link, {
      opened: () => this._flush(),
      packet: (packet) => this._onPacket(packet),
      drained: () => this._onDrained(),
      closed: (details) => this._end("transport close", details),
      failed: (message, details) => this._fail(message, details)
    });
  }
  /** @internal Gives the transport what it can take. */
  _flush() {
    const { readyState, transport, writeBuffer } = this;
    if (readyState === "opening" && !this.opts.earlyConnect) return;
    if (this.upgrading || this._inFlight || !writeBuffer.length || !transport.writable) return;
    this._inFlight = this._maxPayload > 0 && transport.fit?.(writeBuffer, this._maxPayload) || writeBuffer.length;
    transport.send(writeBuffer.slice(0, this._inFlight));
    this._fire("flush");
  }
  /** @internal Ends if it is closing and nothing is left to do. */
  _endIfDone() {
    if (this.readyState === "closing" && !this.upgrading && !this.writeBuffer.length) this._end("forced close");
  }
  _open() {
    const [first] = this._factories;
    if (!first) {
      queueMicrotask(() => this._fail("No transports available"));
      return;
    }
    const { transport, link } = this._create(first);
    this._use(transport, link);
    transport.open();
  }
  _onPacket(packet) {
    const { type, data = "" } = packet;
    const isFirst = this.readyState === "opening";
    this._fire("packet", packet);
    this._fire("heartbeat");
    const handshake = isFirst && type === "open" && readHandshake(data);
    if (handshake) this._onHandshake(handshake);
    else if (isFirst || type === "open" || type === "error") this._fail("server error", { body: `${data}` });
    else if (type === "ping") {
      this._write({ type: "pong" });
      this._watchPing();
      this._fire("ping");
      this._fire("pong");
    } else if (type === "message") {
      const message = typeof data === "string" ? data : received(data, this.binaryType);
      this._fire("data", message);
      this._fire("message", message);
    } else if (type === "noop") this.goodbye = readGoodbye(data) ?? this.goodbye;
    else if (type === "close")
      this._end("transport close", { description: "transport closed by the server" });
  }
  _onHandshake(handshake) {
    this.id = handshake.sid;
    if (true) this._maxPayload = handshake.maxPayload;
    this._pingDelay = Math.min(+handshake.pingInterval + +handshake.pingTimeout, MAX_DELAY);
    this.readyState = "open";
    if (this.hostname !== "localhost") listenToPage("offline", this);
    this._watchPing();
    this._fire("handshake", handshake);
    this._fire("open");
    this._flush();
    if (this.readyState === "open" && this.opts.upgrade !== false && this.transport.pause) {
      upgrade(this, handshake.upgrades);
    }
  }
  _watchPing() {
    stopTimer(this.opts, this._pingTimer);
    this._pingTimeoutTime = Date.now() + this._pingDelay;
    this._pingTimer = startTimer(this.opts, () => this._end("ping timeout"), this._pingDelay);
  }
  _write(packet) {
    if (this.readyState === "closed" || this.readyState === "closing" && packet.type === "message") return;
    this._fire("packetCreate", packet);
    this.writeBuffer.push(packet);
    this._flush();
  }
  _onDrained() {
    this.writeBuffer.splice(0, this._inFlight);
    this._inFlight = 0;
    if (this.writeBuffer.length) this._flush();
    else {
      this._fire("drain");
      this._endIfDone();
    }
  }
  _fail(message, details) {
    if (true) {
      _Session.priorWebsocketSuccess = false;
      if (this.opts.tryAllTransports && this._factories.length > 1 && this.readyState === "opening") {
        silence(this._link);
        this.transport.close(false);
        this._factories.shift();
        this._open();
        return;
      }
    }
    const error = transportError(message, details);
    this._fire("error", error);
    this._end("transport error", error);
  }
  _end(reason, details) {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    stopTimer(this.opts, this._pingTimer);
    leavePage("offline", this);
    leavePage("beforeunload", this);
    if (true) this._endProbe?.();
    if (this.transport) {
      silence(this._link);
      this.transport.close(this.id !== void 0 && (reason === "forced close" || reason === "ping timeout"));
    }
    this.writeBuffer.length = 0;
    this._fire("close", reason, details);
    this.id = void 0;
  }
};
var requests = 0;

// src/engine/upgrade.ts
function upgrade(session, offered) {
  for (const factory of session._factories.slice(1)) {
    const { transport, link } = session._create(factory);
    if (![offered].flat().includes(transport.name)) continue;
    const end = () => {
      silence(link);
      session._endProbe = void 0;
      transport.close(false);
    };
    const fail = (message, details) => {
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
      packet: ({ type, data }) => {
        if (session.upgrading || type !== "pong" || data !== "probe") return fail();
        session.upgrading = true;
        session._fire("upgrading", transport);
        session.transport.pause?.(() => {
          session._endProbe = void 0;
          adopt(session, transport, link);
        });
      },
      closed: () => fail("transport closed"),
      failed: fail
    });
    session._endProbe = end;
    transport.open();
    return;
  }
}
function adopt(session, transport, link) {
  silence(session._link);
  session._use(transport, link);
  session.upgrading = false;
  Session.priorWebsocketSuccess = transport.name === "websocket";
  session.writeBuffer.unshift({ type: "upgrade" });
  session._fire("upgrade", transport);
  session._flush();
}

// src/kits/node.ts
var transports = { polling: XHR, websocket: WebSocket };
var binaryType = "nodebuffer";
function received(bytes, binaryType2) {
  if (binaryType2 === "nodebuffer") return bytes instanceof ArrayBuffer ? Buffer.from(bytes) : bytes;
  return bytes instanceof ArrayBuffer ? bytes : new Uint8Array(bytes).buffer;
}
function unref(timer) {
  timer.unref?.();
}

// src/backoff.ts
function backoff(settings, attempt) {
  const delay = Math.min(settings.reconnectionDelay * 2 ** Math.min(attempt, 30), settings.reconnectionDelayMax);
  return Math.round(delay * (1 + settings.randomizationFactor * (2 * Math.random() - 1)));
}
function backoffAfter(settings, after) {
  return Math.round(after + Math.random() * Math.max(after / 2, settings.reconnectionDelay));
}

// src/offset.ts
var SHAPE = /^([\w-]{7}(\.[\w-]+|[\w-]{9})?|\d{13}-\d+|[\da-f]{24})$/;
function nextOffset(current, candidate) {
  if (!current || !SHAPE.test(current)) return candidate;
  const step = candidate.charCodeAt(0) - current.charCodeAt(0);
  return SHAPE.test(candidate) && step >= 0 && step < 2 ? candidate : current;
}

// src/socket.ts
var NONE = [];
var NO_QUEUE = [];
var Socket = class extends Emitter {
  io;
  nsp;
  /** Read at each connect, so it may be replaced. */
  auth;
  /** The id that the server gave to this connection; `undefined` while there is none. */
  id;
  connected = false;
  /** Whether the server took this connection for the last one gone on: nothing was missed, rooms and id are as before. */
  recovered = false;
  /** Whether the socket is connected, or means to be when the connection is there. */
  active = false;
  /** Events that came before the answer to CONNECT; delivered before `connect`. */
  receiveBuffer = [];
  /** Events that were emitted without a connection; sent before `connect`. */
  sendBuffer = [];
  /** What awaits an answer, by the id of the event. */
  acks = {};
  /** @internal The private id, with which the server finds the state of the last connection. */
  _pid;
  /** @internal */
  _lastOffset;
  /**
   * @internal With the option `retries`, events in the order in which they are to arrive. One is under way at a time, sent
   * again until it is acknowledged or the tries are used up: the order is kept, nothing is lost, and one may arrive twice.
   */
  _queue = NO_QUEUE;
  _opts;
  _nextId = 0;
  // Replaced, never changed.
  _any = NONE;
  _anyOutgoing = NONE;
  /**
   * Stands for one connection, from the request for it on (a second one would be a fault) to its end: what was begun on one
   * does not go on in the next.
   */
  _round;
  /** For the next emit only. */
  _flags = {};
  /** Made by `Manager.socket`. */
  constructor(io2, nsp, opts = {}) {
    super();
    this.io = io2;
    this.nsp = nsp;
    this.auth = opts.auth;
    this._opts = opts;
    if (opts.retries) this._queue = [];
  }
  get disconnected() {
    return !this.connected;
  }
  /** Connects, unless that is done or under way. */
  connect() {
    if (this.connected) return this;
    this.active = true;
    if (!this.io._reconnecting) this.io.open();
    if (this.io._takesPackets) this._onOpen();
    return this;
  }
  /** The same as `connect`. */
  open() {
    return this.connect();
  }
  /** Leaves the namespace; the connection ends with its last socket. */
  disconnect() {
    if (this.connected) this._send({ type: DISCONNECT });
    this._leave("io client disconnect");
    return this;
  }
  /** The same as `disconnect`. */
  close() {
    return this.disconnect();
  }
  /**
   * Sends an event, or keeps it until there is a connection. A function at the end is called with the answer;
   * after `timeout` it has an error, or null, in front.
   * @throws Error when the name is the socket's own, and what the parser throws when an argument cannot be written.
   */
  emit(event, ...args) {
    const flags = this._flags;
    this._flags = {};
    if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`);
    const data = [event, ...args];
    const ack = typeof data.at(-1) === "function" ? data.pop() : void 0;
    if (this._opts.retries && !flags.volatile) {
      this._queue.push({ data, flags, ack, _tries: 0, _pending: false });
      this._drain();
    } else this._emit(data, flags, ack);
    return this;
  }
  /** Sends an event; resolves with the answer, rejects when there will be none. */
  emitWithAck(event, ...args) {
    return new Promise((resolve, reject) => {
      const answer = (error, value) => error ? reject(error) : resolve(value);
      this._flags._withError = true;
      this.emit(event, ...[...args, answer]);
    });
  }
  /** Sends a `message` event. */
  send(...args) {
    return this.emit("message", ...args);
  }
  /** For the next emit: how long its acknowledgement may take, in milliseconds. */
  timeout(milliseconds) {
    this._flags.timeout = milliseconds;
    return this;
  }
  /** For the next emit: drop it rather than keep it when it cannot go out at once. */
  get volatile() {
    this._flags.volatile = true;
    return this;
  }
  /** For the next emit: whether to compress it where the transport can. */
  compress(compress) {
    this._flags.compress = compress;
    return this;
  }
  /** Adds a listener for every event that arrives, called with its name and arguments, before its own listeners. */
  onAny(listener) {
    this._any = [...this._any, listener];
    return this;
  }
  /** The same, before all others. */
  prependAny(listener) {
    this._any = [listener, ...this._any];
    return this;
  }
  /** Removes a listener of `onAny`, or all. */
  offAny(listener) {
    this._any = without(this._any, listener);
    return this;
  }
  /** The listeners of `onAny`. */
  listenersAny() {
    return this._any;
  }
  /** Adds a listener for every event that is sent, called with its name and arguments when that goes out. */
  onAnyOutgoing(listener) {
    this._anyOutgoing = [...this._anyOutgoing, listener];
    return this;
  }
  /** The same, before all others. */
  prependAnyOutgoing(listener) {
    this._anyOutgoing = [listener, ...this._anyOutgoing];
    return this;
  }
  /** Removes a listener of `onAnyOutgoing`, or all. */
  offAnyOutgoing(listener) {
    this._anyOutgoing = without(this._anyOutgoing, listener);
    return this;
  }
  /** The listeners of `onAnyOutgoing`. */
  listenersAnyOutgoing() {
    return this._anyOutgoing;
  }
  /** @internal The manager has a connection, or is about to and what is sent now goes with its request. */
  _onOpen() {
    if (!this.active || this._round) return;
    const round = {};
    this._round = round;
    const send = (auth) => {
      if (round !== this._round) return;
      const data = this._pid ? { pid: this._pid, offset: this._lastOffset, ...auth } : auth;
      this._send({ type: CONNECT, data });
    };
    if (typeof this.auth === "function") this.auth(send);
    else send(this.auth);
  }
  /** @internal The manager could not connect. */
  _onError(error) {
    this._round = void 0;
    if (this.active && !this.connected) this._fire("connect_error", error);
  }
  /** @internal The manager's connection ended. */
  _onClose(reason, description) {
    this._round = void 0;
    this.receiveBuffer.length = 0;
    const wasConnected = this.connected;
    this.connected = false;
    this.id = void 0;
    if (wasConnected) this._fire("disconnect", reason, description);
    for (const id in this.acks) {
      if (this.sendBuffer.every((buffered) => buffered.id !== +id)) {
        this.acks[id]?.(new Error("socket has been disconnected"));
      }
    }
  }
  /** @internal A packet of this namespace. */
  _onPacket(packet) {
    if (!this.active) return;
    const { type, id } = packet;
    const data = packet.data;
    if (type === CONNECT) {
      if (typeof data?.sid === "string") this._onConnect(data.sid, data.pid);
      else this._fire("connect_error", new Error(OLD_SERVER));
    } else if (type === EVENT || type === EVENT + WITH_BINARY) {
      if (this.connected) this._onEvent(packet);
      else this.receiveBuffer.push(packet);
    } else if (type === ACK || type === ACK + WITH_BINARY) {
      this.acks[id]?.(null, packet.data);
    } else {
      this._leave("io server disconnect");
      if (type === CONNECT_ERROR) {
        const message = typeof data === "object" ? data.message : data;
        this._fire("connect_error", Object.assign(new Error(message), { data: data?.data }));
      }
    }
  }
  _onConnect(sid, pid) {
    if (this.connected) return;
    this.id = sid;
    this.recovered = !!pid && pid === this._pid;
    if (!this.recovered) this._lastOffset = void 0;
    this._pid = pid;
    this.connected = true;
    for (const packet of this.receiveBuffer.splice(0)) this._onEvent(packet);
    for (const packet of this.sendBuffer.splice(0)) this._sendEvent(packet);
    this._drain();
    this._fire("connect");
  }
  _onEvent({ id, data }) {
    if (!data) return;
    const [event, ...args] = data;
    const last = args.at(-1);
    if (id !== void 0) {
      let round = this._round;
      args.push((...answer) => {
        if (round && round === this._round) this._send({ type: ACK, id, data: answer });
        round = void 0;
      });
    } else if (this._pid && typeof last === "string") this._lastOffset = nextOffset(this._lastOffset, last);
    for (const listener of this._any) invoke(this, listener, [event, ...args]);
    this._fire(String(event), ...args);
  }
  /** Sends the first event of the queue, if that can be and is not under way. */
  _drain() {
    const [first] = this._queue;
    if (!first || first._pending || !this.connected) return;
    first._pending = true;
    first._tries++;
    const ack = (...answer) => {
      first._pending = false;
      if (!answer[0] || first._tries > this._opts.retries) {
        this._queue.shift();
        if (first.ack) invoke(void 0, first.ack, answer);
      }
      this._drain();
    };
    this._emit(first.data, { ...first.flags, _withError: true }, ack);
  }
  _emit(data, flags, ack) {
    const { io: io2 } = this;
    const { volatile, compress = true } = flags;
    const id = ack && this._nextId++;
    const packet = { type: EVENT, nsp: this.nsp, id, data, options: { compress } };
    const written = Object.assign(packet, { _frames: io2._encoder.encode(packet) });
    const ready = this.connected && !io2.engine?._hasPingExpired();
    if (ack) this._awaitAck(written, ack, flags);
    if (ready && !(volatile && !io2.engine?.transport.writable)) this._sendEvent(written);
    else if (!volatile) this.sendBuffer.push(written);
  }
  _sendEvent(packet) {
    for (const listener of this._anyOutgoing) invoke(this, listener, packet.data);
    this.io._send(packet, packet._frames);
  }
  _awaitAck(packet, call, { _withError, timeout = this._opts.ackTimeout }) {
    const { opts } = this.io;
    const id = packet.id;
    const giveUp = () => {
      const index = this.sendBuffer.indexOf(packet);
      if (index >= 0) this.sendBuffer.splice(index, 1);
      settle(new Error("operation has timed out"));
    };
    const timer = timeout === void 0 ? void 0 : startTimer(opts, giveUp, timeout);
    const settle = (error, answer = []) => {
      stopTimer(opts, timer);
      delete this.acks[id];
      if (_withError || timeout !== void 0) invoke(this, call, [error, ...answer]);
      else if (!error) invoke(this, call, answer);
    };
    this.acks[id] = settle;
  }
  _leave(reason) {
    const wasActive = this.active;
    this.active = false;
    this._onClose(reason, this.io._describe());
    if (wasActive) this.io._release();
  }
  _send(packet) {
    this.io._send({ ...packet, nsp: this.nsp });
  }
};
var OLD_SERVER = "the server is of Socket.IO v2.x, and this client is not";

// src/manager.ts
var Manager = class extends Emitter {
  uri;
  opts;
  /** The session in use, from the first attempt to connect on. */
  engine;
  /** The sockets by namespace. */
  nsps = /* @__PURE__ */ Object.create(null);
  /** @internal */
  _encoder;
  /** @internal */
  _autoConnect;
  /** @internal */
  _readyState = "closed";
  /** @internal Whether an attempt is under way or planned, which a socket then waits for. */
  _reconnecting = false;
  _settings;
  _decoder;
  /** Delays that were waited since the last connection. */
  _attempts = 0;
  /** Set by `_close`, until the next `open`: the user does not want this connection. */
  _skipReconnect = false;
  /** When the server wants us back, in milliseconds from the end of the connection. */
  _comeBackAfter;
  /** That of the attempt under way, or of the wait for the next one. */
  _timer;
  constructor(uri, opts = {}) {
    super();
    if (typeof uri !== "object") this.uri = uri;
    this.opts = { path: "/socket.io", ...typeof uri === "object" ? uri : opts };
    const given = this.opts;
    this._settings = {
      reconnection: given.reconnection ?? true,
      reconnectionAttempts: given.reconnectionAttempts || Number.POSITIVE_INFINITY,
      reconnectionDelay: given.reconnectionDelay || 1e3,
      reconnectionDelayMax: given.reconnectionDelayMax || 5e3,
      randomizationFactor: given.randomizationFactor ?? 0.5,
      timeout: given.timeout ?? 2e4
    };
    const { parser } = this.opts;
    this._encoder = new (parser?.Encoder ?? Encoder)();
    this._decoder = new (parser?.Decoder ?? Decoder)();
    this._decoder.on("decoded", (packet) => {
      this._fire("packet", packet);
      this.nsps[packet.nsp]?._onPacket(packet);
    });
    this._autoConnect = this.opts.autoConnect !== false;
    if (this._autoConnect) this.open();
  }
  /** Connects, unless that is done or under way. `done` hears of this attempt only, and then nothing is retried. */
  open(done) {
    if (this._readyState === "closed") {
      this._reconnecting = false;
      this._open(done);
    }
    return this;
  }
  /** The same as `open`. */
  connect(done) {
    return this.open(done);
  }
  /** The socket of a namespace; made at the first call. */
  socket(nsp, opts) {
    this.nsps[nsp] ??= new Socket(this, nsp, opts);
    const socket = this.nsps[nsp];
    if (this._autoConnect) socket.connect();
    return socket;
  }
  reconnection(value) {
    if (value === false) this._skipReconnect = true;
    return this._setting("reconnection", value);
  }
  reconnectionAttempts(value) {
    return this._setting("reconnectionAttempts", value);
  }
  reconnectionDelay(value) {
    return this._setting("reconnectionDelay", value);
  }
  reconnectionDelayMax(value) {
    return this._setting("reconnectionDelayMax", value);
  }
  randomizationFactor(value) {
    return this._setting("randomizationFactor", value);
  }
  timeout(value) {
    return this._setting("timeout", value);
  }
  /** @internal Whether there is a connection, or one that is about to be and may be written to already. */
  get _takesPackets() {
    const { earlyConnect, tryAllTransports } = this.opts;
    const early = this._readyState === "opening" && !!earlyConnect && !tryAllTransports;
    return early || this._readyState === "open";
  }
  /** @internal Sends a packet, written already or not. */
  _send(packet, frames = this._encoder.encode(packet)) {
    for (const frame of frames) this.engine?.write(frame, packet.options);
  }
  /** @internal A socket wants the connection no more: with the last one it ends. */
  _release() {
    if (!Object.values(this.nsps).some((socket) => socket.active)) this._close();
  }
  /** @internal Ends the connection and any attempt to have one again. */
  _close() {
    this._skipReconnect = true;
    this._reconnecting = false;
    this._onClose("forced close");
  }
  /** @internal What is known of an end, with what the server said before. */
  _describe(details) {
    const goodbye = this.engine?.goodbye;
    return goodbye ? Object.assign(details ?? { description: "goodbye" }, { goodbye }) : details;
  }
  _setting(name, value) {
    if (value === void 0) return this._settings[name];
    this._settings[name] = value;
    return this;
  }
  /** @internal The page has found a network: no need to wait for the timer. */
  handleEvent() {
    this._stop();
    if (this._skipReconnect) return;
    this._fire("reconnect_attempt", this._attempts);
    if (!this._skipReconnect && this._readyState === "closed") this._open((error) => this._onReconnect(error));
  }
  /** Ends what is under way: the time of an attempt and the listening to its session, or the wait for the next one. */
  _stop() {
    stopTimer(this.opts, this._timer);
    leavePage("online", this);
    if (this.engine) this.engine._hooks = {};
  }
  _open(done) {
    this._stop();
    this._readyState = "opening";
    this._skipReconnect = false;
    this._decoder.destroy();
    const fail = (error) => {
      this._stop();
      engine.close(true);
      this._readyState = "closed";
      this._fire("error", error);
      this._tell((socket) => socket._onError(error));
      if (done) done(error);
      else this._reconnect();
    };
    const engine = new Session(this.uri, this.opts, {
      open: () => {
        stopTimer(this.opts, this._timer);
        this._readyState = "open";
        this._comeBackAfter = void 0;
        this._fire("open");
        this._tell((socket) => socket._onOpen());
        done?.();
      },
      data: (message) => {
        try {
          this._decoder.add(message);
        } catch (error) {
          this._onClose("parse error", error);
        }
      },
      ping: () => this._fire("ping"),
      error: (error) => this._readyState === "opening" ? fail(error) : this._fire("error", error),
      close: (reason, details) => this._readyState === "opening" ? fail(transportError(reason, details)) : this._onClose(reason, details)
    });
    this.engine = engine;
    const { timeout } = this._settings;
    if (timeout !== false) this._timer = startTimer(this.opts, () => fail(new Error("timeout")), timeout);
    if (this._takesPackets) this._tell((socket) => socket._onOpen());
  }
  _onClose(reason, details) {
    this._stop();
    const description = this._describe(details);
    this._comeBackAfter = description?.goodbye?.reconnectAfter;
    this.engine?.close(reason === "parse error");
    this._attempts = 0;
    const wasClosed = this._readyState === "closed";
    this._readyState = "closed";
    if (!wasClosed) this._fire("close", reason, description);
    this._tell((socket) => socket._onClose(reason, description));
    this._reconnect();
  }
  _reconnect() {
    if (this._reconnecting || this._skipReconnect || !this._settings.reconnection) return;
    if (this._attempts >= this._settings.reconnectionAttempts) {
      this._attempts = 0;
      this._fire("reconnect_failed");
      return;
    }
    this._reconnecting = true;
    const after = this._comeBackAfter;
    this._comeBackAfter = void 0;
    const delay = after === void 0 ? backoff(this._settings, this._attempts) : backoffAfter(this._settings, after);
    this._attempts++;
    this._timer = startTimer(this.opts, () => this.handleEvent(), delay);
    listenToPage("online", this);
  }
  _onReconnect(error) {
    this._reconnecting = false;
    if (error) {
      this._fire("reconnect_error", error);
      this._reconnect();
      return;
    }
    const attempts = this._attempts;
    this._attempts = 0;
    this._fire("reconnect", attempts);
  }
  _tell(action) {
    for (const socket of Object.values(this.nsps)) action(socket);
  }
};

// src/lookup.ts
var managers = {};
function lookup(uri, opts = {}) {
  const address = typeof uri === "object" ? void 0 : uri;
  const options = typeof uri === "object" ? uri : opts;
  const { id, namespace } = parseUrl(address, options);
  const key = id + (options.path ?? "/socket.io");
  const own = options.forceNew || options.multiplex === false || managers[key]?.nsps[namespace];
  const manager = !own && managers[key] || new Manager(address, options);
  if (!own) managers[key] = manager;
  return manager.socket(namespace, options);
}
var io = /* @__PURE__ */ (() => {
  const found = lookup;
  return Object.assign(found, { io: found, connect: found, Manager, Socket });
})();

// src/transports/fetch.ts
var Fetch = /* @__PURE__ */ pollingBy(request2, "fetch read error", "fetch write error");
function request2({ url, body, options, limit, done, failed }) {
  const abort = new AbortController();
  const { signal } = abort;
  const run = async () => {
    const context = await fetch(url, {
      method: body === void 0 ? "GET" : "POST",
      body: body ?? null,
      cache: "no-store",
      credentials: options.withCredentials ? "include" : "same-origin",
      // A body that is a string has the type `text/plain;charset=UTF-8` already.
      headers: options.extraHeaders ?? {},
      signal
    });
    const { ok, status } = context;
    const most = ok ? limit : MAX_ERROR_BODY;
    const text = await readText(context, most);
    if (signal.aborted) return;
    if (ok && text.length <= most) return done(text);
    abort.abort();
    failed({ description: status, status, context, body: text.slice(0, MAX_ERROR_BODY) });
  };
  run().catch((description) => signal.aborted || failed({ description }));
  return () => abort.abort();
}
async function readText({ body }, limit) {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (reader && text.length <= limit) {
    const { value } = await reader.read();
    if (!value) break;
    text += decoder.decode(value, { stream: true });
  }
  return text;
}
export {
  Fetch,
  Manager,
  WebSocket as NodeWebSocket,
  XHR as NodeXHR,
  Socket,
  WebSocket,
  XHR,
  io as connect,
  io as default,
  io,
  io as lookup,
  protocol
};
//# sourceMappingURL=node-msgpack.js.map
