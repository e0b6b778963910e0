"use strict";
(() => {
  var __defProp = Object.defineProperty;
  var __export = (target, all) => {
    for (var name in all)
      __defProp(target, name, { get: all[name], enumerable: true });
  };

  // src/backoff.ts
  var Backoff = class {
    /** Delays handed out since the last reset. */
    attempts = 0;
    #min;
    #max;
    #jitter;
    /** `min` and `max` in milliseconds; `jitter` from 0 to 1, the part by which a delay may be shorter or longer. */
    constructor(min, max, jitter) {
      this.#min = min;
      this.#max = max;
      this.#jitter = jitter;
    }
    /** The next delay in milliseconds: `min(min · 2ⁿ, max)`, made up to `jitter` shorter or longer. */
    duration() {
      const delay = Math.min(this.#min * 2 ** Math.min(this.attempts++, 30), this.#max);
      return Math.round(delay * (1 + this.#jitter * (2 * Math.random() - 1)));
    }
    /** Starts again from `min`. */
    reset() {
      this.attempts = 0;
    }
  };

  // src/events.ts
  function invoke(listener, args) {
    try {
      listener(...args);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
  var Emitter = class {
    #entries = /* @__PURE__ */ new Map();
    /** Adds a listener; one that is added twice is called twice. */
    on(event, listener) {
      return this.#add(event, listener, false);
    }
    /** Adds a listener that is removed before its first call. */
    once(event, listener) {
      return this.#add(event, listener, true);
    }
    /** Removes one listener (its oldest registration), all of an event, or all. */
    off(event, listener) {
      if (event === void 0) this.#entries.clear();
      else if (listener) this.#remove(event, (entry) => entry.listener === listener);
      else this.#entries.delete(event);
      return this;
    }
    /** The listeners of an event, in the order of their calls. */
    listeners(event) {
      return (this.#entries.get(event) ?? []).map((entry) => entry.listener);
    }
    /** Whether an event has a listener. */
    hasListeners(event) {
      return this.#entries.has(event);
    }
    /** @internal Calls the listeners that an event has at this moment. */
    fire(event, ...args) {
      for (const entry of this.#entries.get(event) ?? []) {
        if (entry.once) this.#remove(event, (other) => other === entry);
        invoke(entry.listener, args);
      }
    }
    #add(event, listener, once) {
      this.#entries.set(event, [...this.#entries.get(event) ?? [], { listener, once }]);
      return this;
    }
    // Lists are replaced, never changed: a call that is under way goes on over the one it began with.
    #remove(event, matches) {
      const entries = this.#entries.get(event) ?? [];
      const index = entries.findIndex(matches);
      const left = entries.filter((_, at) => at !== index);
      if (left.length) this.#entries.set(event, left);
      else this.#entries.delete(event);
    }
  };

  // src/engine/packet.ts
  function isBinary(value) {
    return value instanceof ArrayBuffer || ArrayBuffer.isView(value) || typeof Blob === "function" && value instanceof Blob;
  }
  var TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
  function encodePacket(packet) {
    return TYPES.indexOf(packet.type) + packet.data;
  }
  function decodePacket(text) {
    const type = /^[0-6]/.test(text) && TYPES[text.charCodeAt(0) - 48];
    if (!type) throw new Error("unknown packet type");
    return { type, data: text.slice(1) };
  }

  // src/engine/payload.ts
  var SEPARATOR = "";
  async function encodePayload(packets) {
    const texts = packets.map(
      async (packet) => typeof packet.data === "string" ? encodePacket(packet) : `b${toBase64(await bytesOf(packet.data))}`
    );
    return (await Promise.all(texts)).join(SEPARATOR);
  }
  function* decodePayload(body) {
    for (const text of body.split(SEPARATOR)) {
      yield text[0] === "b" ? { type: "message", data: fromBase64(text.slice(1)) } : decodePacket(text);
    }
  }
  function countFitting(packets, maxBytes) {
    let bytes = -1;
    const tooMany = packets.findIndex(({ data }) => {
      bytes += 2 + (typeof data === "string" ? utf8.encode(data).length : 4 * Math.ceil(sizeOf(data) / 3));
      return bytes > maxBytes;
    });
    return tooMany < 0 ? packets.length : tooMany || 1;
  }
  var utf8 = new TextEncoder();
  function sizeOf(data) {
    return "size" in data ? data.size : data.byteLength;
  }
  async function bytesOf(data) {
    if ("size" in data) return new Uint8Array(await data.arrayBuffer());
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
    if (text.length % 4 || /[^\w+/=]|_/.test(text)) throw new Error("bad base64");
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
  }

  // src/transports/polling.ts
  var MAX_HANDSHAKE_BYTES = 1e6;
  function polling(link) {
    const abort = new AbortController();
    let state = "idle";
    let reading = false;
    let writing = false;
    let onPaused;
    const request = async (packets) => {
      const url = link.url("http");
      const body = packets && await encodePayload(packets);
      const response = await fetch(url, {
        method: packets ? "POST" : "GET",
        body: body ?? null,
        cache: "no-store",
        credentials: link.options.withCredentials ? "include" : "same-origin",
        headers: {
          ...packets && { "content-type": "text/plain;charset=UTF-8" },
          ...link.options.extraHeaders
        },
        signal: abort.signal
      });
      if (!response.ok) throw response.status;
      return state === "idle" ? readBounded(response) : response.text();
    };
    const fail = (message, description) => {
      if (state === "closed") return;
      end();
      link.failed(message, description);
    };
    const end = () => {
      state = "closed";
      abort.abort();
    };
    const checkPaused = () => {
      if (state !== "closed" && !reading && !writing) onPaused?.();
    };
    const read = () => {
      reading = true;
      request().then(
        (body) => {
          try {
            for (const packet of decodePayload(body)) {
              if (state === "closed") return;
              if (state === "idle") {
                state = "open";
                link.opened();
              }
              link.packet(packet);
            }
          } catch (error) {
            return fail("server error", error);
          }
          reading = false;
          if (onPaused) checkPaused();
          else if (state === "open") read();
        },
        (error) => fail("fetch read error", error)
      );
    };
    return {
      name: "polling",
      get writable() {
        return state === "open" && !writing;
      },
      open: read,
      send(packets) {
        writing = true;
        request(packets).then(
          () => {
            writing = false;
            if (state === "closed") return;
            link.drained();
            checkPaused();
          },
          (error) => fail("fetch write error", error)
        );
      },
      close(tell) {
        state = "closed";
        if (tell) request([{ type: "close", data: "" }]).then(end, end);
        else end();
      },
      pause(done) {
        onPaused = done;
        checkPaused();
      },
      resume() {
        onPaused = void 0;
        if (state === "open" && !reading) read();
      }
    };
  }
  async function readBounded(response) {
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let text = "";
    let left = MAX_HANDSHAKE_BYTES;
    for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
      left -= chunk.value.length;
      if (left < 0) throw new Error("handshake too long");
      text += decoder.decode(chunk.value, { stream: true });
    }
    return text;
  }

  // src/transports/websocket.ts
  function findWebSocket(options) {
    return options.WebSocket ?? globalThis.WebSocket;
  }
  function websocket(link) {
    let socket;
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
          queueMicrotask(() => link.failed("websocket error", error));
          return;
        }
        socket.binaryType = "arraybuffer";
        socket.onopen = () => {
          open = true;
          link.opened();
        };
        socket.onmessage = ({ data }) => {
          let packet;
          try {
            packet = typeof data === "string" ? decodePacket(data) : { type: "message", data };
          } catch (error) {
            return link.failed("server error", error);
          }
          link.packet(packet);
        };
        socket.onclose = (context) => {
          open = false;
          link.closed({ description: "websocket connection closed", context });
        };
        socket.onerror = (event) => link.failed("websocket error", event);
      },
      send(packets) {
        for (const packet of packets) {
          socket?.send(typeof packet.data === "string" ? encodePacket(packet) : packet.data);
        }
        link.drained();
      },
      close() {
        open = false;
        socket?.close();
      }
    };
  }

  // src/engine/session.ts
  var FACTORIES = { polling, websocket };
  var MAX_DELAY = 2 ** 31 - 1;
  var ignore = () => {
  };
  var SILENT = { opened: ignore, packet: ignore, drained: ignore, closed: ignore, failed: ignore };
  var Session = class extends Emitter {
    /** The session id; a secret of client and server. */
    id;
    readyState = "opening";
    /** The transport in use. */
    transport;
    /** Whether the move to another transport has reached the point where nothing may be sent. */
    upgrading = false;
    /** Packets that are not handed over yet. */
    writeBuffer = [];
    #target;
    #options;
    #link;
    /** How many packets of the buffer the transport has been given. */
    #inFlight = 0;
    #maxPayload = 0;
    #pingDelay = 0;
    #pingDeadline = Number.POSITIVE_INFINITY;
    #pingTimer;
    /** Ends the probe that is under way. */
    #endProbe;
    /** Starts connecting; listeners that are added before the next task miss nothing. */
    constructor(target, options) {
      super();
      this.#target = target;
      this.#options = options;
      const [first = polling] = this.#factories();
      [this.transport, this.#link] = this.#create(first, this.#handlers());
      this.transport.open();
    }
    /** Sends a message, now or as soon as the transport can. Ignored once closing. */
    send(data) {
      this.#write({ type: "message", data });
      return this;
    }
    /** Ends with `forced close`: after sending what is buffered and an upgrade that is half done, or, to `discard`, now. */
    close(discard = false) {
      if (discard || this.readyState === "opening") this.#end("forced close");
      if (this.readyState === "open") {
        this.readyState = "closing";
        this.#endIfDone();
      }
      return this;
    }
    /** Whether the server has been silent for too long, which a timer that sleeps with the machine cannot tell. */
    isStale() {
      const stale = Date.now() > this.#pingDeadline;
      if (stale) queueMicrotask(() => this.#end("ping timeout"));
      return stale;
    }
    #factories() {
      const chosen = this.#options.transports ?? ["polling", "websocket"];
      const known = chosen.map((transport) => typeof transport === "function" ? transport : FACTORIES[transport]);
      return known.filter(
        (factory, at) => factory && (at === 0 || factory !== websocket || findWebSocket(this.#options))
      );
    }
    #create(factory, handlers) {
      const url = (scheme) => {
        const { secure, host } = this.#target;
        const path = (this.#options.path ?? "/socket.io").replace(/\/?$/, "/");
        const query = new URLSearchParams({
          ...this.#options.query,
          EIO: "4",
          transport: transport.name,
          // No cache between here and the server may answer.
          t: (requests++).toString(36) + Date.now().toString(36),
          ...this.id && { sid: this.id }
        });
        return `${scheme}${secure ? "s" : ""}://${host}${path}?${query}`;
      };
      const link = { options: this.#options, url, ...handlers };
      const transport = factory(link);
      return [transport, link];
    }
    #handlers() {
      return {
        opened: ignore,
        packet: (packet) => this.#onPacket(packet),
        drained: () => this.#onDrained(),
        closed: (details) => this.#end("transport close", details),
        failed: (message, description) => this.#fail(message, description)
      };
    }
    #onPacket(packet) {
      this.fire("packet", packet);
      if (this.readyState === "opening") this.#onHandshake(packet);
      else this.#onOpenPacket(packet);
    }
    #onOpenPacket(packet) {
      switch (packet.type) {
        case "open":
          this.#fail("server error", packet);
          break;
        case "ping":
          this.#write({ type: "pong", data: "" });
          this.#watchPing();
          this.fire("ping");
          break;
        case "message":
          this.fire("message", packet.data);
          break;
        case "close":
          this.#end("transport close", { description: "transport closed by the server" });
      }
    }
    #onHandshake(packet) {
      const handshake = packet.type === "open" && readHandshake(packet.data);
      if (!handshake) {
        this.#fail("server error", packet);
        return;
      }
      this.id = handshake.sid;
      this.#maxPayload = handshake.maxPayload;
      this.#pingDelay = Math.min(handshake.pingInterval + handshake.pingTimeout, MAX_DELAY);
      this.readyState = "open";
      this.#watchPing();
      this.fire("open");
      this.#flush();
      if (this.#options.upgrade === false || !this.transport.pause) return;
      for (const factory of this.#factories().slice(1)) {
        if (this.readyState === "open" && !this.#endProbe) this.#probe(factory, handshake.upgrades);
      }
    }
    #watchPing() {
      clearTimeout(this.#pingTimer);
      this.#pingDeadline = Date.now() + this.#pingDelay;
      this.#pingTimer = setTimeout(() => this.#end("ping timeout"), this.#pingDelay);
    }
    #write(packet) {
      if (this.readyState === "closed" || this.readyState === "closing" && packet.type === "message") return;
      this.fire("packetCreate", packet);
      this.writeBuffer.push(packet);
      this.#flush();
    }
    #flush() {
      if (this.readyState === "opening" || this.upgrading || this.#inFlight || !this.transport.writable) return;
      const limit = this.transport.name === "polling" && this.#maxPayload;
      this.#inFlight = limit ? countFitting(this.writeBuffer, limit) : this.writeBuffer.length;
      if (this.writeBuffer.length) this.transport.send(this.writeBuffer.slice(0, this.#inFlight));
    }
    #onDrained() {
      this.writeBuffer.splice(0, this.#inFlight);
      this.#inFlight = 0;
      if (this.writeBuffer.length) this.#flush();
      else {
        this.fire("drain");
        this.#endIfDone();
      }
    }
    // The upgrade (protocol § Upgrade): `2probe` out, `3probe` in, then the old transport comes to rest, then `5` out.
    #probe(factory, upgrades) {
      const fail = (message, description) => {
        this.#endProbe?.();
        if (this.upgrading) {
          this.upgrading = false;
          this.transport.resume?.();
          this.#flush();
        }
        this.fire("upgradeError", transportError(message ? `probe error: ${message}` : "probe error", description));
        this.#endIfDone();
      };
      const [transport, link] = this.#create(factory, {
        opened: () => transport.send([{ type: "ping", data: "probe" }]),
        packet: (packet) => {
          if (this.upgrading || packet.type !== "pong" || packet.data !== "probe") return fail();
          this.upgrading = true;
          this.transport.pause?.(() => this.#adopt(transport, link));
        },
        drained: ignore,
        closed: () => fail("transport closed"),
        failed: fail
      });
      if (!upgrades.includes(transport.name)) return;
      this.#endProbe = () => {
        Object.assign(link, SILENT);
        this.#endProbe = void 0;
        transport.close(false);
      };
      transport.open();
    }
    #adopt(transport, link) {
      Object.assign(this.#link, SILENT);
      this.#link = Object.assign(link, this.#handlers());
      this.#endProbe = void 0;
      this.transport = transport;
      this.upgrading = false;
      this.writeBuffer.unshift({ type: "upgrade", data: "" });
      this.fire("upgrade", transport);
      this.#flush();
    }
    #endIfDone() {
      if (this.readyState === "closing" && !this.upgrading && !this.writeBuffer.length) this.#end("forced close");
    }
    #fail(message, description) {
      const error = transportError(message, description);
      this.fire("error", error);
      this.#end("transport error", error);
    }
    #end(reason, details) {
      if (this.readyState === "closed") return;
      this.readyState = "closed";
      clearTimeout(this.#pingTimer);
      this.#endProbe?.();
      Object.assign(this.#link, SILENT);
      this.transport.close(this.id !== void 0 && (reason === "forced close" || reason === "ping timeout"));
      this.writeBuffer.length = 0;
      this.fire("close", reason, details);
      this.id = void 0;
    }
  };
  var requests = 0;
  function readHandshake(json) {
    try {
      const { sid, upgrades, pingInterval, pingTimeout, maxPayload } = JSON.parse(json);
      if (sid && typeof sid === "string" && pingInterval > 0 && pingTimeout > 0) {
        return {
          sid,
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
  function transportError(message, description) {
    return Object.assign(new Error(message), { type: "TransportError", description });
  }

  // src/parser/text.ts
  var text_exports = {};
  __export(text_exports, {
    Decoder: () => Decoder,
    Encoder: () => Encoder,
    MAX_ATTACHMENTS: () => MAX_ATTACHMENTS
  });

  // src/parser/binary.ts
  function takeBinary(value) {
    const attachments = [];
    const json = JSON.stringify(value, function(key, converted) {
      const found = isBinary(this[key]) ? this[key] : converted;
      return isBinary(found) ? { _placeholder: true, num: attachments.push(found) - 1 } : converted;
    });
    return { json, attachments };
  }
  function awaitBinary(json, count) {
    const slots = /* @__PURE__ */ new Map();
    const data = JSON.parse(json, function(key, value) {
      if (value?._placeholder === true) {
        if (!Number.isInteger(value.num) || value.num < 0 || value.num >= count || slots.has(value.num)) {
          throw new Error("illegal attachments");
        }
        slots.set(value.num, (bytes) => {
          this[key] = bytes;
        });
      }
      return value;
    });
    if (slots.size !== count) throw new Error("illegal attachments");
    return {
      data,
      fill: (attachments) => {
        attachments.forEach((bytes, index) => {
          slots.get(index)?.(bytes);
        });
      }
    };
  }

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

  // src/parser/text.ts
  var MAX_ATTACHMENTS = 10;
  var Encoder = class {
    /**
     * The text, then the attachments.
     * @throws TypeError for a BigInt, RangeError or TypeError for a cycle.
     */
    encode({ type, nsp, id, data }) {
      const { json, attachments } = takeBinary(data);
      const head = attachments.length ? `${type + WITH_BINARY}${attachments.length}-` : type;
      return [`${head}${nsp === "/" ? "" : `${nsp},`}${id ?? ""}${json ?? ""}`, ...attachments];
    }
  };
  var Decoder = class {
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
      const head = /^(?:([0-4])|([56])(\d{1,9})-)(?:(\/[^,]*),?)?(\d*)/.exec(text);
      if (!head || this.#partial) throw new Error("unexpected text");
      const [whole, plain, binary, announced, nsp, id] = head;
      if (id && id.length > 19) throw new Error("ack id too long");
      const packet = { type: Number(plain ?? Number(binary) - WITH_BINARY), nsp: nsp ?? "/" };
      if (id) packet.id = Number(id);
      const json = text.slice(whole.length);
      if (binary) {
        const count = Number(announced);
        if (!count || count > MAX_ATTACHMENTS) throw new Error("illegal attachments");
        this.#partial = { ...awaitBinary(json, count), packet, count, attachments: [] };
        packet.data = this.#partial.data;
      } else if (json) packet.data = JSON.parse(json);
      if ((binary || json) && !isValid(packet)) throw new Error("invalid payload");
      return binary ? void 0 : packet;
    }
    #addBinary(bytes) {
      const partial = this.#partial;
      if (!partial) throw new Error("unexpected binary");
      if (partial.attachments.push(bytes) < partial.count) return;
      this.#partial = void 0;
      partial.fill(partial.attachments);
      return partial.packet;
    }
  };
  function isValid({ type, data }) {
    switch (type) {
      case CONNECT:
        return isRecord(data);
      case CONNECT_ERROR:
        return isRecord(data) || typeof data === "string";
      case EVENT:
        return Array.isArray(data) && (typeof data[0] === "number" || typeof data[0] === "string" && !RESERVED.includes(data[0]));
      case ACK:
        return Array.isArray(data);
      default:
        return false;
    }
  }

  // src/socket.ts
  var Socket = class extends Emitter {
    io;
    nsp;
    /** Read at each connect, so it may be replaced. */
    auth;
    /** The id that the server gave to this connection; `undefined` while there is none. */
    id;
    connected = false;
    /** Whether the socket is connected, or means to be when the connection is there. */
    active = false;
    /** Events that came before the answer to CONNECT; delivered before `connect`. */
    receiveBuffer = [];
    /** Events that were emitted without a connection; sent before `connect`. */
    sendBuffer = [];
    #opts;
    #acks = /* @__PURE__ */ new Map();
    #nextId = 0;
    #anyListeners = [];
    /** Counts connections, so that what was begun on one does not go on in the next. */
    #round = 0;
    /** Whether CONNECT has been sent, or its auth asked for: a second one would be a fault. */
    #asked = false;
    /** For the next emit only. */
    #flags = {};
    /** Made by `Manager.socket`. */
    constructor(io2, nsp, opts = {}) {
      super();
      this.io = io2;
      this.nsp = nsp;
      this.auth = opts.auth;
      this.#opts = opts;
    }
    get disconnected() {
      return !this.connected;
    }
    /** Connects, unless that is done or under way. */
    connect() {
      if (this.active) return this;
      this.active = true;
      if (this.io._isOpen) this._onOpen();
      else if (!this.io._isReconnecting) this.io.open();
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
     * @throws Error when the name is the socket's own, and TypeError when an argument cannot be JSON.
     */
    emit(event, ...args) {
      const { volatile, timeout = this.#opts.ackTimeout } = this.#flags;
      this.#flags = {};
      if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`);
      const data = [event, ...args];
      const last = data.at(-1);
      let id;
      if (typeof last === "function") {
        data.pop();
        id = this.#nextId++;
      }
      const frames = this.io._encode({ type: EVENT, nsp: this.nsp, id, data });
      if (id !== void 0) this.#awaitAck(id, last, timeout);
      const ready = this.connected && !this.io.engine?.isStale();
      if (ready && !(volatile && !this.io.engine?.transport.writable)) this.io._send(frames);
      else if (!volatile) this.sendBuffer.push({ id, frames });
      return this;
    }
    /** Sends an event; resolves with the answer, rejects when there will be none. */
    emitWithAck(event, ...args) {
      return new Promise((resolve, reject) => {
        const answer = (error, value) => error ? reject(error) : resolve(value);
        this.emit(event, ...[...args, Object.assign(answer, { withError: true })]);
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
    /** Adds a listener for every event that arrives, called with its name and arguments, before its own listeners. */
    onAny(listener) {
      this.#anyListeners = [...this.#anyListeners, listener];
      return this;
    }
    /** Removes a listener of `onAny`, or all. */
    offAny(listener) {
      const index = this.#anyListeners.indexOf(listener);
      this.#anyListeners = listener ? this.#anyListeners.filter((_, at) => at !== index) : [];
      return this;
    }
    /** @internal The manager has a connection. */
    _onOpen() {
      if (!this.active || this.#asked) return;
      this.#asked = true;
      const round = ++this.#round;
      const send = (data) => {
        if (round === this.#round && this.active) this.#send({ type: CONNECT, data });
      };
      if (typeof this.auth === "function") this.auth(send);
      else send(this.auth);
    }
    /** @internal The manager could not connect. */
    _onError(error) {
      if (this.active && !this.connected) this.fire("connect_error", error);
    }
    /** @internal The manager's connection ended. */
    _onClose(reason, description) {
      this.#round++;
      this.#asked = false;
      this.receiveBuffer.length = 0;
      const wasConnected = this.connected;
      this.connected = false;
      this.id = void 0;
      if (wasConnected) this.fire("disconnect", reason, description);
      this.#failAcks();
    }
    /** @internal A packet of this namespace. */
    _onPacket(packet) {
      if (!this.active) return;
      const data = packet.data;
      switch (packet.type) {
        case CONNECT:
          if (typeof data?.sid === "string") this.#onConnect(data.sid);
          else this.fire("connect_error", new Error("the server's answer has no sid: it speaks an older Socket.IO"));
          break;
        case EVENT:
          if (this.connected) this.#onEvent(packet);
          else this.receiveBuffer.push(packet);
          break;
        case ACK:
          this.#onAck(packet);
          break;
        case DISCONNECT:
          this.#leave("io server disconnect");
          break;
        case CONNECT_ERROR: {
          const message = typeof data === "object" ? data.message : data;
          this.#leave("io server disconnect");
          this.fire("connect_error", Object.assign(new Error(message), { data: data?.data }));
        }
      }
    }
    #onConnect(sid) {
      if (this.connected) return;
      this.id = sid;
      this.connected = true;
      for (const packet of this.receiveBuffer.splice(0)) this.#onEvent(packet);
      for (const { frames } of this.sendBuffer.splice(0)) this.io._send(frames);
      this.fire("connect");
    }
    #onEvent({ id, data = [] }) {
      const [event, ...args] = data;
      if (event === void 0) return;
      if (id !== void 0) args.push(this.#answer(id));
      for (const listener of this.#anyListeners) invoke(listener, [event, ...args]);
      this.fire(String(event), ...args);
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
    #awaitAck(id, call, timeout) {
      const timer = timeout === void 0 ? void 0 : setTimeout(() => {
        const index = this.sendBuffer.findIndex((buffered) => buffered.id === id);
        if (index >= 0) this.sendBuffer.splice(index, 1);
        this.#takeAck(id);
        invoke(call, [new Error("operation has timed out")]);
      }, timeout);
      this.#acks.set(id, { call, timer, withError: timeout !== void 0 || !!call.withError });
    }
    #takeAck(id) {
      const ack = this.#acks.get(id);
      clearTimeout(ack?.timer);
      this.#acks.delete(id);
      return ack;
    }
    #onAck({ id, data = [] }) {
      const ack = this.#takeAck(id);
      if (ack) invoke(ack.call, [...ack.withError ? [null] : [], ...data]);
    }
    /** No answer will come to what was sent on a connection that is gone; what is only buffered still has its chance. */
    #failAcks() {
      for (const id of [...this.#acks.keys()]) {
        if (this.sendBuffer.some((buffered) => buffered.id === id)) continue;
        const ack = this.#takeAck(id);
        if (ack?.withError) invoke(ack.call, [new Error("socket has been disconnected")]);
      }
    }
    #leave(reason) {
      const wasActive = this.active;
      this.active = false;
      this._onClose(reason);
      if (wasActive) this.io._release();
    }
    #send(packet) {
      this.io._send(this.io._encode({ ...packet, nsp: this.nsp }));
    }
  };

  // src/url.ts
  function parseUrl(uri, page = globalThis.location) {
    const protocol2 = page?.protocol ?? "http:";
    let address = uri ?? "/";
    if (/^\/(?!\/)/.test(address)) address = `//${page?.host ?? "localhost"}${address}`;
    if (!/^\w+:\/\//.test(address)) {
      const scheme = page || uri === void 0 || uri.startsWith("/") ? protocol2 : "https:";
      address = `${scheme}//${address.replace(/^\/\//, "")}`;
    }
    const url = new URL(address);
    const [, path] = /^\w+:\/\/[^/?#]*([^?#]*)/.exec(address) ?? [];
    const secure = /^(https|wss):$/.test(url.protocol);
    const host = `${url.hostname}:${url.port || (secure ? 443 : 80)}`;
    return {
      secure,
      host,
      namespace: path || "/",
      query: Object.fromEntries(url.searchParams),
      id: `${secure ? "https" : "http"}://${host}`
    };
  }

  // src/manager.ts
  var Manager = class extends Emitter {
    opts;
    /** The session in use, from the first attempt to connect on. */
    engine;
    /** The sockets by namespace. */
    nsps = /* @__PURE__ */ new Map();
    #target;
    #backoff;
    #state = "closed";
    #reconnecting = false;
    /** Set by `_close`, until the next `open`: the user does not want this connection. */
    #skipReconnect = false;
    #reconnectTimer;
    #encoder;
    #decoder;
    /** Stops listening to the session in use. */
    #abandon;
    constructor(uri, opts = {}) {
      super();
      const address = typeof uri === "object" ? void 0 : uri;
      this.opts = { ...typeof uri === "object" ? uri : opts };
      this.#target = parseUrl(address);
      this.opts.query = { ...this.opts.query, ...this.#target.query };
      this.#backoff = new Backoff(
        this.opts.reconnectionDelay ?? 1e3,
        this.opts.reconnectionDelayMax ?? 5e3,
        this.opts.randomizationFactor ?? 0.5
      );
      const { Encoder: Encoder2, Decoder: Decoder2 } = this.opts.parser ?? text_exports;
      this.#encoder = new Encoder2();
      this.#decoder = new Decoder2();
      this.#decoder.on("decoded", (packet) => {
        this.fire("packet", packet);
        this.nsps.get(packet.nsp)?._onPacket(packet);
      });
      if (this.opts.autoConnect !== false) this.open();
    }
    /** Connects, unless that is done or under way. `done` hears of this attempt only, and then nothing is retried. */
    open(done) {
      if (this.#state === "closed") {
        this.#reconnecting = false;
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
      let socket = this.nsps.get(nsp);
      if (!socket) {
        socket = new Socket(this, nsp, opts);
        this.nsps.set(nsp, socket);
        if (this.opts.autoConnect !== false) socket.connect();
      } else if (this.opts.autoConnect !== false && !socket.active) socket.connect();
      return socket;
    }
    /** @internal Whether packets can go out. */
    get _isOpen() {
      return this.#state === "open";
    }
    /** @internal Whether an attempt is under way or planned, which a socket then waits for. */
    get _isReconnecting() {
      return this.#reconnecting;
    }
    /** @internal Writes a packet. */
    _encode(packet) {
      return this.#encoder.encode(packet);
    }
    /** @internal Sends an encoded packet. */
    _send(frames) {
      for (const frame of frames) this.engine?.send(frame);
    }
    /** @internal A socket wants the connection no more: with the last one it ends. */
    _release() {
      for (const socket of this.nsps.values()) if (socket.active) return;
      this._close();
    }
    /** @internal Ends the connection and any attempt to have one again. */
    _close() {
      this.#skipReconnect = true;
      this.#reconnecting = false;
      this.#onClose("forced close");
    }
    #open(done) {
      this.#state = "opening";
      this.#skipReconnect = false;
      this.#decoder.destroy();
      clearTimeout(this.#reconnectTimer);
      const engine = new Session(this.#target, this.opts);
      this.engine = engine;
      const fail = (error) => {
        this.#abandon?.();
        engine.close(true);
        this.#state = "closed";
        this.fire("error", error);
        for (const socket of [...this.nsps.values()]) socket._onError(error);
        if (done) done(error);
        else this.#reconnect();
      };
      const { timeout = 2e4 } = this.opts;
      const timer = timeout === false ? void 0 : setTimeout(() => fail(new Error("timeout")), timeout);
      const listeners = {
        open: () => {
          clearTimeout(timer);
          this.#state = "open";
          this.fire("open");
          for (const socket of [...this.nsps.values()]) socket._onOpen();
          done?.();
        },
        message: (message) => this.#onMessage(message),
        ping: () => this.fire("ping"),
        error: (error) => this.#state === "opening" ? fail(error) : this.fire("error", error),
        close: (reason, details) => this.#state === "opening" ? fail(transportError(reason, details)) : this.#onClose(reason, details)
      };
      const events = Object.entries(listeners);
      for (const [event, listener] of events) engine.on(event, listener);
      this.#abandon = () => {
        this.#abandon = void 0;
        clearTimeout(timer);
        for (const [event, listener] of events) engine.off(event, listener);
      };
    }
    #onMessage(message) {
      try {
        this.#decoder.add(message);
      } catch (error) {
        this.#onClose("parse error", error);
      }
    }
    #onClose(reason, description) {
      clearTimeout(this.#reconnectTimer);
      this.#abandon?.();
      this.engine?.close(reason === "parse error");
      this.#backoff.reset();
      const wasClosed = this.#state === "closed";
      this.#state = "closed";
      if (!wasClosed) this.fire("close", reason, description);
      for (const socket of [...this.nsps.values()]) socket._onClose(reason, description);
      this.#reconnect();
    }
    #reconnect() {
      if (this.#reconnecting || this.#skipReconnect || this.opts.reconnection === false) return;
      if (this.#backoff.attempts >= (this.opts.reconnectionAttempts ?? Number.POSITIVE_INFINITY)) {
        this.#backoff.reset();
        this.fire("reconnect_failed");
        return;
      }
      this.#reconnecting = true;
      this.#reconnectTimer = setTimeout(() => {
        this.fire("reconnect_attempt", this.#backoff.attempts);
        if (!this.#skipReconnect) this.#open((error) => this.#onReconnect(error));
      }, this.#backoff.duration());
    }
    #onReconnect(error) {
      this.#reconnecting = false;
      if (error) {
        this.fire("reconnect_error", error);
        this.#reconnect();
        return;
      }
      const attempts = this.#backoff.attempts;
      this.#backoff.reset();
      this.fire("reconnect", attempts);
    }
  };

  // src/index.ts
  var managers = /* @__PURE__ */ new Map();
  function io(uri, opts = {}) {
    const address = typeof uri === "object" ? void 0 : uri;
    const options = typeof uri === "object" ? uri : opts;
    const { id, namespace } = parseUrl(address);
    const key = id + (options.path ?? "/socket.io");
    const known = managers.get(key);
    const alone = options.forceNew || options.multiplex === false || known?.nsps.has(namespace);
    const manager = !alone && known || new Manager(address, options);
    if (!alone) managers.set(key, manager);
    return manager.socket(namespace, options);
  }

  // src/provide.ts
  function provide(io2, rest) {
    const client = Object.assign(io2, rest, { io: io2, connect: io2, default: io2 });
    if (typeof module === "object") module.exports = client;
    else if (typeof define === "function" && define.amd) define(() => client);
    else Object.assign(globalThis, { io: client });
  }

  // src/umd.ts
  provide(io, { Manager, Socket, protocol });
})();
//# sourceMappingURL=socket.io.js.map
