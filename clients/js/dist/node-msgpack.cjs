"use strict";
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// src/node.ts
var node_exports = {};
__export(node_exports, {
  Fetch: () => Fetch,
  Manager: () => Manager,
  NodeWebSocket: () => WebSocket,
  NodeXHR: () => XHR,
  Socket: () => Socket,
  WebSocket: () => WebSocket,
  XHR: () => XHR,
  connect: () => io,
  default: () => io,
  io: () => io,
  lookup: () => io,
  protocol: () => protocol
});
module.exports = __toCommonJS(node_exports);

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

// src/engine/packet.ts
function isBinary(value) {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value) || typeof Blob === "function" && value instanceof Blob;
}
var INVALID = "invalid packet";
var TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
function encodePacket({ type, data = "" }) {
  return TYPES.indexOf(type) + data;
}
function decodePacket(text) {
  const type = TYPES[text.charCodeAt(0) - 48];
  if (!type) throw new Error(INVALID);
  return { type, data: text.slice(1) };
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

// src/transports/silent.ts
var ignore = () => {
};
var SILENT = { opened: ignore, packet: ignore, drained: ignore, closed: ignore, failed: ignore };

// src/engine/error.ts
function transportError(message, details) {
  return Object.assign(new Error(message), { type: "TransportError", ...details });
}

// src/engine/upgrade.ts
function upgrade(session, offered) {
  for (const factory of session._factories.slice(1)) {
    const { transport, link } = session._create(factory, SILENT);
    if (!offered.includes(transport.name)) continue;
    const end = () => {
      Object.assign(link, SILENT);
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
          session._adopt(transport, link);
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
  if (text.length % 4 || /[^\w+/=]|_/.test(text)) throw new Error(INVALID);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return bytes.buffer;
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
        socket.binaryType = "arraybuffer";
        socket.onopen = () => {
          open = true;
          link.opened();
        };
        socket.onmessage = ({ data }) => {
          let packet;
          try {
            packet = read(data);
          } catch (error) {
            return link.failed("server error", { description: error });
          }
          link.packet(packet);
        };
        socket.onclose = (context) => {
          open = false;
          link.closed({ description: "websocket connection closed", context });
        };
        socket.onerror = (event) => {
          link.failed("websocket error", { description: event, status: event.status, body: event.body });
        };
      },
      send(packets) {
        for (const packet of packets) {
          const { data, options } = packet;
          if (!data || typeof data === "string") socket?.send(encodePacket(packet), options);
          else if (!link.options.forceBase64 || "size" in data) socket?.send(data, options);
          else socket?.send(`b${toBase64(bytesOf(data))}`, options);
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
function read(data) {
  if (typeof data !== "string") return { type: "message", data };
  return data[0] === "b" ? { type: "message", data: fromBase64(data.slice(1)) } : decodePacket(data);
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
var import_node_crypto2 = require("node:crypto");
var http = __toESM(require("node:http"), 1);
var https = __toESM(require("node:https"), 1);

// src/transports/transport.ts
var MAX_ERROR_BODY = 1e4;
var MAX_HANDSHAKE_BYTES = 1e6;

// src/node/deflate.ts
var import_node_zlib = require("node:zlib");
var OFFER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
var TAIL = Buffer.from([0, 0, 255, 255]);
var LAST = Buffer.from([1, 0, 0, 255, 255]);
var Deflate = class {
  constructor(threshold) {
    this.threshold = threshold;
  }
  inflate(data, limit) {
    if (!data.length) return data;
    return (0, import_node_zlib.inflateRawSync)(Buffer.concat([data, TAIL, LAST]), { maxOutputLength: limit + 1 });
  }
  deflate(data) {
    return (0, import_node_zlib.deflateRawSync)(data, { finishFlush: import_node_zlib.constants.Z_SYNC_FLUSH }).subarray(0, -TAIL.length);
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
var import_node_buffer = require("node:buffer");
var import_node_crypto = require("node:crypto");
var TEXT = 1;
var BINARY = 2;
var CLOSE = 8;
var PING = 9;
var PONG = 10;
var MAX_FRAGMENTS = 1e4;
var FrameError = class extends Error {
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
    (0, import_node_crypto.randomFillSync)(masks);
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
    if (opcode === TEXT && !(0, import_node_buffer.isUtf8)(data)) throw new FrameError(1007, "a text that is not UTF-8");
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
  constructor(url, options, takesEarly = false, jar) {
    /** Bytes arrive as Buffers whatever this is: the session makes of them what the application wants. */
    this.binaryType = "nodebuffer";
    this.onopen = null;
    this.onmessage = null;
    this.onclose = null;
    this.onerror = null;
    this.#state = "connecting";
    /** Frames to write at the end of this turn. */
    this.#pending = [];
    this.#scheduled = false;
    this.#end = { type: "close", code: 1006, reason: "", wasClean: false };
    this.#options = options;
    this.takesEarly = takesEarly;
    const key = (0, import_node_crypto2.randomBytes)(16).toString("base64");
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
  #options;
  #request;
  #socket;
  #reader;
  #deflate;
  #state;
  #pending;
  #scheduled;
  /** Settled when the bytes of the Blobs before are there; what comes behind them waits. */
  #blobs;
  #end;
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
      const accept = (0, import_node_crypto2.createHash)("sha1").update(key + GUID).digest("base64");
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
var http2 = __toESM(require("node:http"), 1);
var https2 = __toESM(require("node:https"), 1);

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
function* decodePayload(body) {
  for (const text of body.split(SEPARATOR)) {
    yield text[0] === "b" ? { type: "message", data: fromBase64(text.slice(1)) } : decodePacket(text);
  }
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
var nativeSetTimeout = setTimeout;
var nativeClearTimeout = clearTimeout;
function startTimer(options, action, delay) {
  const timer = (options.useNativeTimers ? nativeSetTimeout : globalThis.setTimeout)(action, delay);
  if (options.autoUnref) timer.unref?.();
  return timer;
}
function stopTimer(options, timer) {
  (options.useNativeTimers ? nativeClearTimeout : globalThis.clearTimeout)(timer);
}
function onPage(event, listener) {
  globalThis.addEventListener?.(event, listener);
  return () => globalThis.removeEventListener?.(event, listener);
}

// src/transports/polling.ts
function headersOf(body, { extraHeaders }) {
  return { ...body !== void 0 && { "content-type": "text/plain;charset=UTF-8" }, ...extraHeaders };
}
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
      const failed = (details) => {
        stopTimer(options, timer);
        fail(error, details);
      };
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
        failed
      });
      const timer = options.requestTimeout ? startTimer(options, () => failed({ description: new Error("timeout") }), options.requestTimeout) : void 0;
      return () => {
        stopTimer(options, timer);
        end();
      };
    };
    const checkPaused = () => {
      if (state === "open" && !reading && !writing) onPaused?.();
    };
    const onAnswer = (body) => {
      try {
        for (const packet of decodePayload(body)) {
          if (state === "closed") return;
          if (state === "idle") {
            state = "open";
            link.opened();
          }
          link.packet(packet);
        }
      } catch (description) {
        return fail("server error", { description, body });
      }
      reading = void 0;
      if (onPaused) checkPaused();
      else if (state === "open") read3();
    };
    const read3 = () => {
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
      open: read3,
      fit: (packets, maxPayload) => maxPayload ? countFitting(packets, maxPayload) : packets.length,
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
        if (state === "open" && !reading) read3();
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
      read2(asked, response, () => ended);
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
function read2({ limit, done, failed }, response, ended) {
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
var WebSocket = websocketBy(
  (url, options, { owner, takesEarly }) => new NodeSocket(url, options, takesEarly, options.withCredentials ? jarOf(owner) : void 0)
);

// src/parser/binary.ts
function takeBinary(value) {
  const attachments = [];
  if (!mayHaveBinary(value)) return { json: JSON.stringify(value), attachments };
  const json = JSON.stringify(value, function(key, converted) {
    const found = isBinary(this[key]) ? this[key] : converted;
    return isBinary(found) ? { _placeholder: true, num: attachments.push(found) - 1 } : converted;
  });
  return { json, attachments };
}
function mayHaveBinary(value) {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(mayHaveBinary);
  return isBinary(value) || "toJSON" in value || Object.values(value).some(mayHaveBinary);
}
function awaitBinary(json, count) {
  const places = /* @__PURE__ */ new Map();
  const data = JSON.parse(json, function(key, value) {
    if (value?._placeholder === true) {
      const { num } = value;
      if (!(Number.isInteger(num) && num >= 0 && num < count) || places.has(num)) throw new Error(INVALID);
      places.set(num, [this, key]);
    }
    return value;
  });
  if (places.size !== count) throw new Error(INVALID);
  return {
    data,
    fill(attachments) {
      for (const [num, [holder, key]] of places) holder[key] = attachments[num];
    }
  };
}

// src/parser/text.ts
var MAX_ATTACHMENTS = 10;
var Encoder2 = class {
  /**
   * The text, then the attachments.
   * @throws TypeError for a BigInt, RangeError for a cycle.
   */
  encode({ type, nsp, id, data }) {
    const { json, attachments } = takeBinary(data);
    const head = attachments.length ? `${type + WITH_BINARY}${attachments.length}-` : type;
    return [`${head}${nsp === "/" ? "" : `${nsp},`}${id ?? ""}${json ?? ""}`, ...attachments];
  }
};
var Decoder2 = class {
  /** The packet whose attachments are awaited, if any. */
  #partial;
  #decoded = () => {
  };
  on(_event, listener) {
    this.#decoded = listener;
  }
  /** Forgets a packet that is not complete. */
  destroy() {
    this.#partial = void 0;
  }
  /**
   * Takes a message; calls the listener when that completes a packet.
   * @throws Error when the message cannot be part of a packet.
   */
  add(message) {
    const packet = typeof message === "string" ? this.#addText(message) : this.#addBinary(message);
    if (packet) this.#decoded(packet);
  }
  #addText(text) {
    const [whole = "", plain, binary, announced, nsp = "/", id] = /^(?:([0-4])|([56])(\d{1,9})-)(?:(\/[^,]*),?)?(\d{0,19})/.exec(text) ?? [];
    if (!whole || this.#partial) throw new Error(INVALID);
    const packet = { type: plain ? +plain : Number(binary) - WITH_BINARY, nsp };
    if (id) packet.id = +id;
    const json = text.slice(whole.length);
    if (binary) {
      const count = Number(announced);
      if (!count || count > MAX_ATTACHMENTS) throw new Error(INVALID);
      this.#partial = { ...awaitBinary(json, count), packet, count, attachments: [] };
      packet.data = this.#partial.data;
    } else if (json) packet.data = JSON.parse(json);
    if ((binary || json) && !isValid(packet)) throw new Error(INVALID);
    return binary ? void 0 : packet;
  }
  #addBinary(bytes) {
    const partial = this.#partial;
    if (!partial) throw new Error(INVALID);
    if (partial.attachments.push(bytes) < partial.count) return;
    this.#partial = void 0;
    partial.fill(partial.attachments);
    return partial.packet;
  }
};
function isValid({ type, data }) {
  if (type === CONNECT) return isRecord(data);
  if (type === CONNECT_ERROR) return isRecord(data) || typeof data === "string";
  return Array.isArray(data) && (type === ACK || type === EVENT && isEventName(data[0]));
}
function isEventName(name) {
  return typeof name === "number" || typeof name === "string" && !RESERVED.includes(name);
}

// src/kits/node.ts
var kit = {
  transports: { polling: XHR, websocket: WebSocket },
  upgrade,
  parser: { Encoder: Encoder2, Decoder: Decoder2 },
  binaryType: "nodebuffer",
  received
};
function received(bytes, binaryType) {
  if (binaryType === "nodebuffer") return bytes instanceof ArrayBuffer ? Buffer.from(bytes) : bytes;
  return bytes instanceof ArrayBuffer ? bytes : new Uint8Array(bytes).buffer;
}

// src/kits/node-msgpack.ts
var kit2 = { ...kit, parser: { Encoder, Decoder } };

// src/backoff.ts
function backoff(settings, attempt) {
  const delay = Math.min(settings.reconnectionDelay * 2 ** Math.min(attempt, 30), settings.reconnectionDelayMax);
  return Math.round(delay * (1 + settings.randomizationFactor * (2 * Math.random() - 1)));
}
function backoffAfter(settings, after) {
  return Math.round(after + Math.random() * Math.max(after / 2, settings.reconnectionDelay));
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
var Emitter = class {
  // Made by the first listener: most objects of a large number of connections never have one.
  #entries;
  /** Adds a listener; one that is added twice is called twice. */
  on(event, listener) {
    return this.#add(event, { call: listener });
  }
  /** Adds a listener that is removed before its first call. */
  once(event, listener) {
    return this.#add(event, { call: listener, once: true });
  }
  /** Removes one listener (its oldest registration), all of an event, or all. */
  off(event, listener) {
    if (event === void 0) this.#entries = void 0;
    else if (listener) this.#remove(event, (entry) => entry.call === listener);
    else this.#entries?.delete(event);
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
    return (this.#entries?.get(event) ?? []).map((entry) => entry.call);
  }
  /** Whether an event has a listener. */
  hasListeners(event) {
    return !!this.#entries?.has(event);
  }
  /** @internal Calls the listeners that an event has at this moment. */
  _fire(event, ...args) {
    const entries = this.#entries?.get(event);
    if (!entries) return;
    for (const entry of entries) {
      if (entry.once) this.#remove(event, (other) => other === entry);
      invoke(this, entry.call, args);
    }
  }
  #add(event, entry) {
    this.#entries ??= /* @__PURE__ */ new Map();
    this.#entries.set(event, [...this.#entries.get(event) ?? [], entry]);
    return this;
  }
  // Lists are replaced, never changed: a call that is under way goes on over the one it began with.
  #remove(event, matches) {
    const entries = this.#entries?.get(event) ?? [];
    const index = entries.findIndex(matches);
    const left = entries.filter((_, at) => at !== index);
    if (left.length) this.#entries?.set(event, left);
    else this.#entries?.delete(event);
  }
};

// src/url.ts
function parseUrl(uri, options = {}, page = globalThis.location) {
  const [, scheme, authority, path, query] = /^(?:(\w+:)?\/\/)?([^/?#]*)([^?#]*)\??([^#]*)/.exec(uri ?? "") ?? [];
  const usual = page?.protocol ?? (authority ? "https:" : "http:");
  const secure = (uri ? void 0 : options.secure) ?? /^(http|ws)s:$/.test(scheme ?? usual);
  const url = new URL(`http${secure ? "s" : ""}://${authority || (page?.host ?? "localhost")}`);
  if (!uri) {
    const { hostname: hostname2 = options.host, port: port2 } = options;
    if (hostname2) {
      url.hostname = hostname2.includes(":") ? `[${hostname2}]` : hostname2;
      url.port = "";
    }
    if (port2) url.port = `${port2}`;
  }
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
    const goodbye = {};
    if (typeof reason === "string" && reason.length <= MAX_REASON) goodbye.reason = reason;
    if (reconnectAfter >= 0 && Number.isInteger(reconnectAfter)) {
      goodbye.reconnectAfter = Math.min(reconnectAfter, HOUR);
    }
    return goodbye;
  } catch {
  }
  return void 0;
}

// src/engine/handshake.ts
function readHandshake(json) {
  try {
    const handshake = JSON.parse(json);
    const { sid, upgrades, pingInterval, pingTimeout, maxPayload } = handshake;
    if (sid && typeof sid === "string" && pingInterval > 0 && pingTimeout > 0) {
      return {
        ...handshake,
        upgrades: Array.isArray(upgrades) ? upgrades : [],
        pingInterval: +pingInterval,
        pingTimeout: +pingTimeout,
        maxPayload: maxPayload > 0 ? +maxPayload : 0
      };
    }
  } catch {
  }
  return void 0;
}

// src/engine/options.ts
function chooseTransports(options, known, remembered) {
  const chosen = options.transportImplementations ?? options.transports ?? Object.keys(known);
  const factories = chosen.flatMap((transport) => (typeof transport === "string" ? known[transport] : transport) ?? []);
  const { websocket } = known;
  if (websocket && remembered && options.rememberUpgrade && factories.includes(websocket)) factories.unshift(websocket);
  return factories;
}

// src/engine/session.ts
var MAX_DELAY = 2 ** 31 - 1;
var Session = class _Session extends Emitter {
  /** Starts connecting; listeners that are added before the next task miss nothing. */
  constructor(uri, options = {}, hooks = {}) {
    super();
    this.readyState = "opening";
    /** Whether the move to another transport has reached the point where nothing may be sent. */
    this.upgrading = false;
    /** Packets that are not handed over yet. */
    this.writeBuffer = [];
    /** What bytes that arrive are: `arraybuffer`, or in Node `nodebuffer`. */
    this.binaryType = kit2.binaryType;
    /** @internal When the server has been silent for too long. */
    this._pingTimeoutTime = Number.POSITIVE_INFINITY;
    this.#link = {};
    /** How many packets of the buffer the transport has been given. */
    this.#inFlight = 0;
    this.#maxPayload = 0;
    this.#pingDelay = 0;
    /** Stops listening to the page. */
    this.#leavePage = [];
    this.opts = options;
    const { hostname, port, secure, query } = parseUrl(uri, options);
    this.hostname = hostname;
    this.port = port;
    this.secure = secure;
    this.#query = { ...Object.fromEntries(new URLSearchParams(options.query)), ...query, EIO: "4" };
    this.#hooks = hooks;
    this._factories = chooseTransports(options, kit2.transports, _Session.priorWebsocketSuccess);
    if (options.closeOnBeforeunload) {
      const leave = () => {
        Object.assign(this.#link, SILENT);
        this.transport.close(true);
      };
      this.#leavePage.push(onPage("beforeunload", leave));
    }
    this.#open();
  }
  static {
    this.protocol = 4;
  }
  static {
    /** Whether the last session that tried could move to a WebSocket. */
    this.priorWebsocketSuccess = false;
  }
  #query;
  #hooks;
  #link;
  #inFlight;
  #maxPayload;
  #pingDelay;
  #pingTimer;
  #leavePage;
  /** Sends a message, now or as soon as the transport can. Ignored once closing. `sent` is called when it is under way. */
  send(data, options, sent) {
    if (sent) this.once("flush", sent);
    this.#write({ type: "message", data, options });
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
    if (discard === true || this.readyState === "opening") this.#end("forced close");
    if (this.readyState === "open") {
      this.readyState = "closing";
      this._endIfDone();
    }
    return this;
  }
  /** @internal Whether the server has been silent for too long, which a timer that sleeps with the machine cannot tell. */
  _hasPingExpired() {
    const expired = Date.now() > this._pingTimeoutTime;
    if (expired) queueMicrotask(() => this.#end("ping timeout"));
    return expired;
  }
  /** @internal The owner first, then the listeners. */
  _fire(event, ...args) {
    this.#hooks[event]?.(...args);
    super._fire(event, ...args);
  }
  /** @internal A transport that reports to `handlers`. */
  _create(factory, handlers) {
    const { opts } = this;
    const url = (scheme) => {
      const { forceBase64, timestampRequests = scheme === "http", timestampParam = "t" } = link.options;
      const query = new URLSearchParams({ ...this.#query, transport: transport.name });
      if (forceBase64) query.set("b64", "1");
      if (this.id) query.set("sid", this.id);
      if (timestampRequests) query.set(timestampParam, (requests++).toString(36) + Date.now().toString(36));
      const path = (opts.path ?? "/socket.io").replace(/\/?$/, opts.addTrailingSlash === false ? "" : "/");
      return `${scheme}${this.secure ? "s" : ""}://${this.hostname}:${this.port}${path}?${query}`;
    };
    const early = opts.earlyConnect === true && this.id === void 0;
    const link = { options: opts, owner: opts, takesEarly: early, url, ...handlers };
    const transport = factory(link);
    const own = opts.transportOptions?.[transport.name];
    if (own) Object.assign(link, { options: { ...opts, ...own } });
    return { transport, link };
  }
  /** @internal Goes on over a transport that has answered the probe. */
  _adopt(transport, link) {
    Object.assign(this.#link, SILENT);
    this.#link = Object.assign(link, this.#handlers());
    this.transport = transport;
    this.upgrading = false;
    _Session.priorWebsocketSuccess = transport.name === "websocket";
    this.writeBuffer.unshift({ type: "upgrade" });
    this._fire("upgrade", transport);
    this._flush();
  }
  /** @internal Gives the transport what it can take. */
  _flush() {
    const { readyState, transport, writeBuffer } = this;
    if (readyState === "opening" && !this.opts.earlyConnect) return;
    if (this.upgrading || this.#inFlight || !writeBuffer.length || !transport.writable) return;
    this.#inFlight = transport.fit?.(writeBuffer, this.#maxPayload) ?? writeBuffer.length;
    transport.send(writeBuffer.slice(0, this.#inFlight));
    this._fire("flush");
  }
  /** @internal Ends if it is closing and nothing is left to do. */
  _endIfDone() {
    if (this.readyState === "closing" && !this.upgrading && !this.writeBuffer.length) this.#end("forced close");
  }
  #open() {
    const [first] = this._factories;
    if (!first) {
      queueMicrotask(() => this.#fail("No transports available"));
      return;
    }
    const { transport, link } = this._create(first, this.#handlers());
    this.transport = transport;
    this.#link = link;
    transport.open();
  }
  #handlers() {
    return {
      opened: () => this._flush(),
      packet: (packet) => this.#onPacket(packet),
      drained: () => this.#onDrained(),
      closed: (details) => this.#end("transport close", details),
      failed: (message, details) => this.#fail(message, details)
    };
  }
  #onPacket(packet) {
    this._fire("packet", packet);
    this._fire("heartbeat");
    if (this.readyState === "opening") this.#onHandshake(packet);
    else this.#onOpenPacket(packet);
  }
  #onOpenPacket({ type, data = "" }) {
    switch (type) {
      case "open":
        this.#fail("server error");
        break;
      case "ping":
        this.#write({ type: "pong" });
        this.#watchPing();
        this._fire("ping");
        this._fire("pong");
        break;
      case "message": {
        const message = typeof data === "string" ? data : kit2.received(data, this.binaryType);
        this._fire("data", message);
        this._fire("message", message);
        break;
      }
      case "noop":
        if (data) this.goodbye = readGoodbye(data) ?? this.goodbye;
        break;
      case "close":
        this.#end("transport close", { description: "transport closed by the server" });
    }
  }
  #onHandshake({ type, data }) {
    const handshake = type === "open" && readHandshake(data);
    if (!handshake) {
      this.#fail("server error", { body: `${data}` });
      return;
    }
    this.id = handshake.sid;
    this.#maxPayload = handshake.maxPayload;
    this.#pingDelay = Math.min(handshake.pingInterval + handshake.pingTimeout, MAX_DELAY);
    this.readyState = "open";
    if (this.hostname !== "localhost") {
      this.#leavePage.push(
        onPage("offline", () => this.#end("transport close", { description: "network connection lost" }))
      );
    }
    this.#watchPing();
    this._fire("handshake", handshake);
    this._fire("open");
    this._flush();
    if (this.readyState === "open" && this.opts.upgrade !== false && this.transport.pause) {
      kit2.upgrade?.(this, handshake.upgrades);
    }
  }
  #watchPing() {
    stopTimer(this.opts, this.#pingTimer);
    this._pingTimeoutTime = Date.now() + this.#pingDelay;
    this.#pingTimer = startTimer(this.opts, () => this.#end("ping timeout"), this.#pingDelay);
  }
  #write(packet) {
    if (this.readyState === "closed" || this.readyState === "closing" && packet.type === "message") return;
    this._fire("packetCreate", packet);
    this.writeBuffer.push(packet);
    this._flush();
  }
  #onDrained() {
    this.writeBuffer.splice(0, this.#inFlight);
    this.#inFlight = 0;
    if (this.writeBuffer.length) this._flush();
    else {
      this._fire("drain");
      this._endIfDone();
    }
  }
  #fail(message, details) {
    _Session.priorWebsocketSuccess = false;
    if (this.opts.tryAllTransports && this._factories.length > 1 && this.readyState === "opening") {
      Object.assign(this.#link, SILENT);
      this.transport.close(false);
      this._factories.shift();
      this.#open();
      return;
    }
    const error = transportError(message, details);
    this._fire("error", error);
    this.#end("transport error", error);
  }
  #end(reason, details) {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    stopTimer(this.opts, this.#pingTimer);
    for (const leave of this.#leavePage) leave();
    this._endProbe?.();
    Object.assign(this.#link, SILENT);
    this.transport?.close(this.id !== void 0 && (reason === "forced close" || reason === "ping timeout"));
    this.writeBuffer.length = 0;
    this._fire("close", reason, details);
    this.id = void 0;
  }
};
var requests = 0;

// src/offset.ts
var SHAPE = /^([\w-]{7}(\.[\w-]+|[\w-]{9})?|\d{13}-\d+|[\da-f]{24})$/;
function nextOffset(current, candidate) {
  if (current === void 0 || !SHAPE.test(current)) return candidate;
  const step = candidate.charCodeAt(0) - current.charCodeAt(0);
  return SHAPE.test(candidate) && (step === 0 || step === 1) ? candidate : current;
}

// src/retries.ts
var RetryQueue = class {
  #queued = [];
  #retries;
  #isReady;
  #send;
  /** Sends only while `isReady`. */
  constructor(retries, isReady, send) {
    this.#retries = retries;
    this.#isReady = isReady;
    this.#send = send;
  }
  get length() {
    return this.#queued.length;
  }
  /** Adds an event; a function at its end is called when it is acknowledged or given up. */
  add(args, flags) {
    this.#queued.push({ args, flags, tries: 0, pending: false });
    this.drain();
  }
  /** Sends the first event, if that can be and is not under way. */
  drain() {
    const [first] = this.#queued;
    if (!first || first.pending || !this.#isReady()) return;
    first.pending = true;
    first.tries++;
    const args = [...first.args];
    const ack = typeof args.at(-1) === "function" ? args.pop() : void 0;
    this.#send(args, first.flags, (...[error, ...answer]) => {
      first.pending = false;
      if (!error || first.tries > this.#retries) {
        this.#queued.shift();
        if (ack) invoke(void 0, ack, [error, ...answer]);
      }
      this.drain();
    });
  }
};

// src/socket.ts
var NONE = [];
var WITH_ERROR = /* @__PURE__ */ Symbol();
var Socket = class extends Emitter {
  /** Made by `Manager.socket`. */
  constructor(io2, nsp, opts = {}) {
    super();
    this.connected = false;
    /** Whether the server took this connection for the last one gone on: nothing was missed, rooms and id are as before. */
    this.recovered = false;
    /** Whether the socket is connected, or means to be when the connection is there. */
    this.active = false;
    /** Events that came before the answer to CONNECT; delivered before `connect`. */
    this.receiveBuffer = [];
    /** Events that were emitted without a connection; sent before `connect`. */
    this.sendBuffer = [];
    /** What awaits an answer, by the id of the event. */
    this.acks = {};
    this.#nextId = 0;
    // Replaced, never changed.
    this.#onAny = NONE;
    this.#onAnyOutgoing = NONE;
    /** Counts connections, so that what was begun on one does not go on in the next. */
    this.#round = 0;
    /** Whether CONNECT has been sent, or its auth asked for: a second one would be a fault. */
    this.#asked = false;
    /** For the next emit only. */
    this.#flags = {};
    this.io = io2;
    this.nsp = nsp;
    this.auth = opts.auth;
    this.#opts = opts;
    if (opts.retries) {
      this._queue = new RetryQueue(
        opts.retries,
        () => this.connected,
        (args, flags, done) => this.#emit([...args, Object.assign(done, { [WITH_ERROR]: true })], flags)
      );
    }
  }
  #opts;
  #nextId;
  #onAny;
  #onAnyOutgoing;
  #round;
  #asked;
  #flags;
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
    if (this.connected) this.#send({ type: DISCONNECT });
    this.#leave("io client disconnect");
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
    const flags = this.#flags;
    this.#flags = {};
    if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`);
    const data = [event, ...args];
    if (!this._queue || flags.volatile) this.#emit(data, flags);
    else this._queue.add(data, flags);
    return this;
  }
  /** Sends an event; resolves with the answer, rejects when there will be none. */
  emitWithAck(event, ...args) {
    return new Promise((resolve, reject) => {
      const answer = (error, value) => error ? reject(error) : resolve(value);
      this.emit(event, ...[...args, Object.assign(answer, { [WITH_ERROR]: true })]);
    });
  }
  /** Sends a `message` event. */
  send(...args) {
    return this.emit("message", ...args);
  }
  /** For the next emit: how long its acknowledgement may take, in milliseconds. */
  timeout(milliseconds) {
    this.#flags.timeout = milliseconds;
    return this;
  }
  /** For the next emit: drop it rather than keep it when it cannot go out at once. */
  get volatile() {
    this.#flags.volatile = true;
    return this;
  }
  /** For the next emit: whether to compress it where the transport can. */
  compress(compress) {
    this.#flags.compress = compress;
    return this;
  }
  /** Adds a listener for every event that arrives, called with its name and arguments, before its own listeners. */
  onAny(listener) {
    this.#onAny = [...this.#onAny, listener];
    return this;
  }
  /** The same, before all others. */
  prependAny(listener) {
    this.#onAny = [listener, ...this.#onAny];
    return this;
  }
  /** Removes a listener of `onAny`, or all. */
  offAny(listener) {
    this.#onAny = without(this.#onAny, listener);
    return this;
  }
  /** The listeners of `onAny`. */
  listenersAny() {
    return this.#onAny;
  }
  /** Adds a listener for every event that is sent, called with its name and arguments when that goes out. */
  onAnyOutgoing(listener) {
    this.#onAnyOutgoing = [...this.#onAnyOutgoing, listener];
    return this;
  }
  /** The same, before all others. */
  prependAnyOutgoing(listener) {
    this.#onAnyOutgoing = [listener, ...this.#onAnyOutgoing];
    return this;
  }
  /** Removes a listener of `onAnyOutgoing`, or all. */
  offAnyOutgoing(listener) {
    this.#onAnyOutgoing = without(this.#onAnyOutgoing, listener);
    return this;
  }
  /** The listeners of `onAnyOutgoing`. */
  listenersAnyOutgoing() {
    return this.#onAnyOutgoing;
  }
  /** @internal The manager has a connection, or is about to and what is sent now goes with its request. */
  _onOpen() {
    if (!this.active || this.#asked) return;
    this.#asked = true;
    const round = ++this.#round;
    const send = (auth) => {
      if (round !== this.#round || !this.active) return;
      const data = this._pid ? { pid: this._pid, offset: this._lastOffset, ...auth } : auth;
      this.#send({ type: CONNECT, data });
    };
    if (typeof this.auth === "function") this.auth(send);
    else send(this.auth);
  }
  /** @internal The manager could not connect. */
  _onError(error) {
    this.#round++;
    this.#asked = false;
    if (this.active && !this.connected) this._fire("connect_error", error);
  }
  /** @internal The manager's connection ended. */
  _onClose(reason, description) {
    this.#round++;
    this.#asked = false;
    this.receiveBuffer.length = 0;
    const wasConnected = this.connected;
    this.connected = false;
    this.id = void 0;
    if (wasConnected) this._fire("disconnect", reason, description);
    this.#failAcks();
  }
  /** @internal A packet of this namespace. */
  _onPacket(packet) {
    if (!this.active) return;
    const data = packet.data;
    switch (packet.type) {
      case CONNECT:
        if (typeof data?.sid === "string") this.#onConnect(data.sid, data.pid);
        else this._fire("connect_error", new Error(OLD_SERVER));
        break;
      case EVENT:
      case EVENT + WITH_BINARY:
        if (this.connected) this.#onEvent(packet);
        else this.receiveBuffer.push(packet);
        break;
      case ACK:
      case ACK + WITH_BINARY:
        this.#onAck(packet);
        break;
      case DISCONNECT:
        this.#leave("io server disconnect");
        break;
      case CONNECT_ERROR: {
        const message = typeof data === "object" ? data.message : data;
        this.#leave("io server disconnect");
        this._fire("connect_error", Object.assign(new Error(message), { data: data?.data }));
      }
    }
  }
  #onConnect(sid, pid) {
    if (this.connected) return;
    this.id = sid;
    this.recovered = !!pid && pid === this._pid;
    if (!this.recovered) this._lastOffset = void 0;
    this._pid = pid;
    this.connected = true;
    for (const packet of this.receiveBuffer.splice(0)) this.#onEvent(packet);
    for (const packet of this.sendBuffer.splice(0)) this.#sendEvent(packet, packet.frames);
    this._queue?.drain();
    this._fire("connect");
  }
  #onEvent({ id, data = [] }) {
    const [event, ...args] = data;
    if (event === void 0) return;
    const last = args.at(-1);
    if (id !== void 0) args.push(this.#answer(id));
    else if (this._pid && typeof last === "string") this._lastOffset = nextOffset(this._lastOffset, last);
    for (const listener of this.#onAny) invoke(this, listener, [event, ...args]);
    this._fire(String(event), ...args);
  }
  /** The function with which a listener answers: once, and only to the connection that asked. */
  #answer(id) {
    const round = this.#round;
    let answered = false;
    return (...data) => {
      if (answered || round !== this.#round || !this.connected) return;
      answered = true;
      this.#send({ type: ACK, id, data });
    };
  }
  #emit(data, { volatile, compress = true, timeout = this.#opts.ackTimeout }) {
    const packet = { type: EVENT, nsp: this.nsp, data, options: { compress } };
    const last = data.at(-1);
    if (typeof last === "function") {
      data.pop();
      packet.id = this.#nextId++;
    }
    const frames = this.io._encode(packet);
    const { engine } = this.io;
    const ready = this.connected && !engine?._hasPingExpired();
    if (packet.id !== void 0) this.#awaitAck(packet.id, last, timeout);
    if (ready && !(volatile && !engine?.transport.writable)) this.#sendEvent(packet, frames);
    else if (!volatile) this.sendBuffer.push({ ...packet, frames });
  }
  #sendEvent(packet, frames) {
    for (const listener of this.#onAnyOutgoing) invoke(this, listener, packet.data);
    this.io._send(frames, packet);
  }
  #awaitAck(id, call, timeout) {
    const timer = timeout === void 0 ? void 0 : startTimer(
      this.io.opts,
      () => {
        const index = this.sendBuffer.findIndex((buffered) => buffered.id === id);
        if (index >= 0) this.sendBuffer.splice(index, 1);
        this.#takeAck(id);
        invoke(this, call, [new Error("operation has timed out")]);
      },
      timeout
    );
    this.acks[id] = { call, timer, withError: timeout !== void 0 || !!call[WITH_ERROR] };
  }
  #takeAck(id) {
    const ack = this.acks[id];
    if (ack?.timer) stopTimer(this.io.opts, ack.timer);
    delete this.acks[id];
    return ack;
  }
  #onAck({ id, data = [] }) {
    const ack = this.#takeAck(id);
    if (ack) invoke(this, ack.call, [...ack.withError ? [null] : [], ...data]);
  }
  /** No answer will come to what was sent on a connection that is gone; what is only buffered still has its chance. */
  #failAcks() {
    for (const id of Object.keys(this.acks).map(Number)) {
      if (this.sendBuffer.some((buffered) => buffered.id === id)) continue;
      const ack = this.#takeAck(id);
      if (ack?.withError) invoke(this, ack.call, [new Error("socket has been disconnected")]);
    }
  }
  #leave(reason) {
    const wasActive = this.active;
    this.active = false;
    this._onClose(reason, this.io._describe());
    if (wasActive) this.io._release();
  }
  #send(packet) {
    const whole = { ...packet, nsp: this.nsp };
    this.io._send(this.io._encode(whole), whole);
  }
};
var OLD_SERVER = "It seems you are trying to reach a Socket.IO server in v2.x with a v3.x client, but they are not compatible";
function without(listeners, listener) {
  const index = listeners.indexOf(listener);
  return listener ? listeners.filter((_, at) => at !== index) : [];
}

// src/manager.ts
var DEFAULTS = {
  reconnection: true,
  reconnectionAttempts: Number.POSITIVE_INFINITY,
  reconnectionDelay: 1e3,
  reconnectionDelayMax: 5e3,
  randomizationFactor: 0.5,
  timeout: 2e4
};
var Manager = class extends Emitter {
  constructor(uri, opts = {}) {
    super();
    /** The sockets by namespace. */
    this.nsps = /* @__PURE__ */ Object.create(null);
    /** @internal */
    this._readyState = "closed";
    /** @internal Whether an attempt is under way or planned, which a socket then waits for. */
    this._reconnecting = false;
    this.#settings = { ...DEFAULTS };
    /** Delays that were waited since the last connection. */
    this.#attempts = 0;
    /** Set by `_close`, until the next `open`: the user does not want this connection. */
    this.#skipReconnect = false;
    if (typeof uri !== "object") this.uri = uri;
    this.opts = { path: "/socket.io", ...typeof uri === "object" ? uri : opts };
    const given = this.opts;
    for (const name of Object.keys(DEFAULTS)) {
      const value = given[name];
      if (value !== void 0 && (value !== 0 || !/A|D/.test(name))) this.#setting(name, value);
    }
    const { Encoder: Encoder3, Decoder: Decoder3 } = this.opts.parser ?? kit2.parser;
    this.#encoder = new Encoder3();
    this.#decoder = new Decoder3();
    this.#decoder.on("decoded", (packet) => {
      this._fire("packet", packet);
      this.nsps[packet.nsp]?._onPacket(packet);
    });
    this._autoConnect = this.opts.autoConnect !== false;
    if (this._autoConnect) this.open();
  }
  #settings;
  #encoder;
  #decoder;
  #attempts;
  #skipReconnect;
  /** When the server wants us back, in milliseconds from the end of the connection. */
  #comeBackAfter;
  /** Ends the wait for the next attempt. */
  #stopWaiting;
  /** Stops listening to the session in use. */
  #abandon;
  /** Connects, unless that is done or under way. `done` hears of this attempt only, and then nothing is retried. */
  open(done) {
    if (this._readyState === "closed") {
      this._reconnecting = false;
      this.#open(done);
    }
    return this;
  }
  /** The same as `open`. */
  connect(done) {
    return this.open(done);
  }
  /** The socket of a namespace; made at the first call. */
  socket(nsp, opts) {
    let socket = this.nsps[nsp];
    if (!socket) {
      socket = new Socket(this, nsp, opts);
      this.nsps[nsp] = socket;
    }
    if (this._autoConnect) socket.connect();
    return socket;
  }
  reconnection(value) {
    if (value === false) this.#skipReconnect = true;
    return this.#setting("reconnection", value);
  }
  reconnectionAttempts(value) {
    return this.#setting("reconnectionAttempts", value);
  }
  reconnectionDelay(value) {
    return this.#setting("reconnectionDelay", value);
  }
  reconnectionDelayMax(value) {
    return this.#setting("reconnectionDelayMax", value);
  }
  randomizationFactor(value) {
    return this.#setting("randomizationFactor", value);
  }
  timeout(value) {
    return this.#setting("timeout", value);
  }
  /** @internal Whether there is a connection, or one that is about to be and may be written to already. */
  get _takesPackets() {
    const { earlyConnect, tryAllTransports } = this.opts;
    return this._readyState === "open" || this._readyState === "opening" && !!earlyConnect && !tryAllTransports;
  }
  /** @internal Encodes a packet. */
  _encode(packet) {
    return this.#encoder.encode(packet);
  }
  /** @internal Sends an encoded packet. */
  _send(frames, packet) {
    for (const frame of frames) this.engine?.write(frame, packet.options);
  }
  /** @internal A socket wants the connection no more: with the last one it ends. */
  _release() {
    for (const nsp in this.nsps) if (this.nsps[nsp]?.active) return;
    this._close();
  }
  /** @internal Ends the connection and any attempt to have one again. */
  _close() {
    this.#skipReconnect = true;
    this._reconnecting = false;
    this.#onClose("forced close");
  }
  /** @internal What is known of an end, with what the server said before. */
  _describe(details) {
    const goodbye = this.engine?.goodbye;
    return goodbye ? Object.assign(details ?? { description: "disconnected by the server" }, { goodbye }) : details;
  }
  #setting(name, value) {
    if (value === void 0) return this.#settings[name];
    this.#settings[name] = value;
    return this;
  }
  #open(done) {
    this._readyState = "opening";
    this.#skipReconnect = false;
    this.#stopWaiting?.();
    this.#decoder.destroy();
    const fail = (error) => {
      this.#abandon?.();
      engine.close(true);
      this._readyState = "closed";
      this._fire("error", error);
      this.#tell((socket) => socket._onError(error));
      if (done) done(error);
      else this.#reconnect();
    };
    const hooks = {
      open: () => {
        stopTimer(this.opts, timer);
        this._readyState = "open";
        this.#comeBackAfter = void 0;
        this._fire("open");
        this.#tell((socket) => socket._onOpen());
        done?.();
      },
      data: (message) => this.#onMessage(message),
      ping: () => this._fire("ping"),
      error: (error) => this._readyState === "opening" ? fail(error) : this._fire("error", error),
      close: (reason, details) => this._readyState === "opening" ? fail(closed(reason, details)) : this.#onClose(reason, details)
    };
    const engine = new Session(this.uri, this.opts, hooks);
    this.engine = engine;
    const { timeout } = this.#settings;
    const timer = timeout === false ? void 0 : startTimer(this.opts, () => fail(new Error("timeout")), timeout);
    this.#abandon = () => {
      this.#abandon = void 0;
      stopTimer(this.opts, timer);
      for (const event in hooks) delete hooks[event];
    };
    if (this._takesPackets) this.#tell((socket) => socket._onOpen());
  }
  #onMessage(message) {
    try {
      this.#decoder.add(message);
    } catch (error) {
      this.#onClose("parse error", error);
    }
  }
  #onClose(reason, details) {
    this.#stopWaiting?.();
    this.#abandon?.();
    const description = this._describe(details);
    this.#comeBackAfter = description?.goodbye?.reconnectAfter;
    this.engine?.close(reason === "parse error");
    this.#attempts = 0;
    const wasClosed = this._readyState === "closed";
    this._readyState = "closed";
    if (!wasClosed) this._fire("close", reason, description);
    this.#tell((socket) => socket._onClose(reason, description));
    this.#reconnect();
  }
  #reconnect() {
    if (this._reconnecting || this.#skipReconnect || !this.#settings.reconnection) return;
    if (this.#attempts >= this.#settings.reconnectionAttempts) {
      this.#attempts = 0;
      this._fire("reconnect_failed");
      return;
    }
    this._reconnecting = true;
    const after = this.#comeBackAfter;
    this.#comeBackAfter = void 0;
    const delay = after === void 0 ? backoff(this.#settings, this.#attempts) : backoffAfter(this.#settings, after);
    this.#attempts++;
    const attempt = () => {
      this.#stopWaiting?.();
      if (this.#skipReconnect) return;
      this._fire("reconnect_attempt", this.#attempts);
      if (!this.#skipReconnect && this._readyState === "closed") this.#open((error) => this.#onReconnect(error));
    };
    const timer = startTimer(this.opts, attempt, delay);
    const leavePage = onPage("online", attempt);
    this.#stopWaiting = () => {
      this.#stopWaiting = void 0;
      stopTimer(this.opts, timer);
      leavePage();
    };
  }
  #onReconnect(error) {
    this._reconnecting = false;
    if (error) {
      this._fire("reconnect_error", error);
      this.#reconnect();
      return;
    }
    const attempts = this.#attempts;
    this.#attempts = 0;
    this._fire("reconnect", attempts);
  }
  #tell(action) {
    for (const socket of Object.values(this.nsps)) action(socket);
  }
};
function closed(reason, details) {
  return details instanceof Error ? details : transportError(reason, details);
}

// src/lookup.ts
var managers = {};
function lookup(uri, opts = {}) {
  const address = typeof uri === "object" ? void 0 : uri;
  const options = typeof uri === "object" ? uri : opts;
  const { id, namespace } = parseUrl(address, options);
  const key = id + (options.path ?? "/socket.io");
  const known = managers[key];
  if (options.forceNew || options.multiplex === false || known?.nsps[namespace]) {
    return new Manager(address, options).socket(namespace, options);
  }
  managers[key] = known ?? new Manager(address, options);
  return managers[key].socket(namespace, options);
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
      headers: headersOf(body, options),
      signal
    });
    const { ok, status } = context;
    const text = await readText(context, ok ? limit : MAX_ERROR_BODY);
    if (signal.aborted) return;
    if (ok && text.length <= limit) return done(text);
    abort.abort();
    failed({ description: status, status, context, body: text.slice(0, MAX_ERROR_BODY) });
  };
  run().catch((description) => {
    if (!signal.aborted) failed({ description });
  });
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
// Annotate the CommonJS export names for ESM import in node:
0 && (module.exports = {
  Fetch,
  Manager,
  NodeWebSocket,
  NodeXHR,
  Socket,
  WebSocket,
  XHR,
  connect,
  io,
  lookup,
  protocol
});
//# sourceMappingURL=node-msgpack.cjs.map
