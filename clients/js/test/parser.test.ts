import assert from "node:assert/strict";
import { test } from "node:test";
import { ACK, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT, type Packet } from "../src/parser/packet.js";
import { Decoder, Encoder } from "../src/parser/text.js";
import { vectors } from "./support/vectors.js";

const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer;

/** Feeds frames to a decoder; gives the packets. */
function decode(...frames: (string | ArrayBuffer)[]): Packet[] {
  const decoder = new Decoder();
  const packets: Packet[] = [];
  decoder.on("decoded", (packet) => packets.push(packet));
  for (const frame of frames) decoder.add(frame);
  return packets;
}

const encode = (packet: Packet) => new Encoder().encode(packet);

test("each packet type in wire form", () => {
  for (const [wire, packet] of [
    ["0", { type: CONNECT, nsp: "/" }],
    ['0{"sid":"abc"}', { type: CONNECT, nsp: "/", data: { sid: "abc" } }],
    ['0/admin,{"token":"1"}', { type: CONNECT, nsp: "/admin", data: { token: "1" } }],
    ["0/admin,", { type: CONNECT, nsp: "/admin" }],
    ["1/admin,", { type: DISCONNECT, nsp: "/admin" }],
    ['2["hello",1]', { type: EVENT, nsp: "/", data: ["hello", 1] }],
    ['2/admin,456["x",{}]', { type: EVENT, nsp: "/admin", id: 456, data: ["x", {}] }],
    ['20["x"]', { type: EVENT, nsp: "/", id: 0, data: ["x"] }],
    ["2[1]", { type: EVENT, nsp: "/", data: [1] }],
    ["3/admin,12[]", { type: ACK, nsp: "/admin", id: 12, data: [] }],
    ['4/admin,{"message":"no"}', { type: CONNECT_ERROR, nsp: "/admin", data: { message: "no" } }],
    ['4"no"', { type: CONNECT_ERROR, nsp: "/", data: "no" }],
  ] as [string, Packet][]) {
    assert.deepEqual(decode(wire), [packet], wire);
    assert.deepEqual(encode(packet), [wire]);
  }
});

test("a namespace without a comma reaches to the end", () => {
  assert.deepEqual(decode("1/admin"), [{ type: DISCONNECT, nsp: "/admin" }]);
});

test("bytes anywhere become placeholders, in the order of their places", () => {
  const frames = encode({ type: EVENT, nsp: "/a", id: 7, data: ["e", bytes(1), { b: [bytes(2), { c: bytes(3) }] }] });
  assert.equal(
    frames[0],
    '53-/a,7["e",{"_placeholder":true,"num":0},{"b":[{"_placeholder":true,"num":1},{"c":{"_placeholder":true,"num":2}}]}]',
  );
  assert.deepEqual(frames.slice(1), [bytes(1), bytes(2), bytes(3)]);
  assert.deepEqual(decode(...(frames as [string, ...ArrayBuffer[]])), [
    { type: EVENT, nsp: "/a", id: 7, data: ["e", bytes(1), { b: [bytes(2), { c: bytes(3) }] }] },
  ]);
});

test("an acknowledgement may have bytes", () => {
  assert.equal(encode({ type: ACK, nsp: "/", id: 1, data: [bytes(1)] })[0], '61-1[{"_placeholder":true,"num":0}]');
  assert.deepEqual(decode('61-1[{"_placeholder":true,"num":0}]', bytes(1)), [
    { type: ACK, nsp: "/", id: 1, data: [bytes(1)] },
  ]);
});

test("placeholders may come in any order", () => {
  const [packet] = decode('52-["e",{"_placeholder":true,"num":1},{"num":0,"_placeholder":true}]', bytes(1), bytes(2));
  assert.deepEqual(packet?.data, ["e", bytes(2), bytes(1)]);
});

test("views, Node's Buffer, blobs and what toJSON makes are bytes", () => {
  const blob = new Blob(["x"]);
  const view = new Uint16Array([1]);
  const buffer = Buffer.from([1]);
  const frames = encode({ type: EVENT, nsp: "/", data: ["e", view, buffer, blob, { toJSON: () => view }] });
  assert.deepEqual(frames.slice(1), [view, buffer, blob, view]);
});

test("the caller's objects are left as they were", () => {
  const data = ["e", { b: bytes(1) }];
  encode({ type: EVENT, nsp: "/", data });
  assert.deepEqual(data, ["e", { b: bytes(1) }]);
});

test("a placeholder in a packet without attachments is data", () => {
  assert.deepEqual(decode('2["e",{"_placeholder":true,"num":0}]')[0]?.data, ["e", { _placeholder: true, num: 0 }]);
});

test("__proto__ is data, before and after bytes are filled in", () => {
  const [plain] = decode('2["e",{"__proto__":{"x":1}}]');
  const [filled] = decode('51-["e",{"__proto__":{"_placeholder":true,"num":0}}]', bytes(1));
  assert.deepEqual(encode(plain as Packet), ['2["e",{"__proto__":{"x":1}}]']);
  const [, object] = (filled as Packet).data as [string, object];
  assert.deepEqual(Object.getOwnPropertyDescriptor(object, "__proto__")?.value, bytes(1));
  assert.equal(Object.getPrototypeOf(object), Object.prototype);
  assert.equal(({} as { x?: unknown }).x, undefined);
});

test("what cannot be JSON is refused where it is emitted", () => {
  const cycle: unknown[] = ["e"];
  cycle.push(cycle);
  assert.throws(() => encode({ type: EVENT, nsp: "/", data: cycle }), RangeError);
  assert.throws(() => encode({ type: EVENT, nsp: "/", data: ["e", 1n] }), TypeError);
});

test("what no packet looks like is refused", () => {
  for (const frames of [
    [""],
    ["7"],
    ["a"],
    ["2[a"],
    ['2{"a":1}'],
    ["2[]"],
    ["2[true]"],
    ['2[{"toString":"foo"}]'],
    ['2["connect"]'],
    ['2["disconnecting"]'],
    ['2["newListener"]'],
    ['21-["x"]'],
    ["3{}"],
    ["0[]"],
    ["0null"],
    ["1{}"],
    ["4[]"],
    ["4null"],
    [`2${"9".repeat(20)}["x"]`],
    [`2${"9".repeat(900_000)}["x"]`],
    ["5"],
    ['5["x"]'],
    ['50-["x"]'],
    ['511-["x"]'],
    [`5${"9".repeat(400)}-["x"]`],
    ['51-["x"]'],
    ['51-["x",{"_placeholder":true,"num":"splice"}]'],
    ['51-["x",{"_placeholder":true,"num":1}]'],
    ['51-["x",{"_placeholder":true,"num":-1}]'],
    ['51-["x",{"_placeholder":true,"num":0.5}]'],
    ['51-["x",{"_placeholder":true}]'],
    ['52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]'],
    ['51-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]'],
    ['51-{"_placeholder":true,"num":0}'],
    ['51-["x",{"_placeholder":true,"num":0}]', '2["y"]'],
    [bytes(1)],
    ['51-["x",{"_placeholder":true,"num":0}]', bytes(1), bytes(2)],
    [`51-${"[".repeat(100_000)}`],
  ]) {
    assert.throws(() => decode(...frames), `${String(frames[0]).slice(0, 60)} was accepted`);
  }
});

test("ten attachments are the most, and nineteen digits the longest id", () => {
  const places = Array.from({ length: 10 }, (_, num) => ({ _placeholder: true, num }));
  const frames = Array.from({ length: 10 }, (_, at) => bytes(at));
  assert.deepEqual(decode(`510-${JSON.stringify(["x", ...places])}`, ...frames)[0]?.data, ["x", ...frames]);
  assert.equal(decode(`2${"1".repeat(19)}["x"]`).length, 1);
});

/** A small generator of our own, so that a failure can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test("nested values with bytes survive the round trip", () => {
  for (let seed = 1; seed <= 500; seed++) {
    const next = random(seed);
    let attachments = 0;
    const value = (depth: number): unknown => {
      const kind = next(depth > 4 ? 6 : 8);
      if (kind === 0 && attachments < 10) {
        attachments++;
        return bytes(...Array.from({ length: next(5) }, () => next(256)));
      }
      if (kind === 1) return next(1000) / 8;
      if (kind === 2) return next(2) === 0;
      if (kind <= 5) return ["", "é\u2028\ud83d\ude00", '"\\\n', "_placeholder", null][next(5)];
      const children = Array.from({ length: next(5) }, () => value(depth + 1));
      return kind === 6 ? children : Object.fromEntries(children.map((child, at) => [`k${at}`, child]));
    };
    const packet: Packet = { type: EVENT, nsp: "/n", id: next(100), data: ["e", value(0), value(0), value(0)] };
    const frames = encode(packet) as [string, ...ArrayBuffer[]];
    assert.deepEqual(decode(...frames), [packet], `seed ${seed}`);
  }
});

test("no text makes the decoder fail in another way than by an error of its own", () => {
  const alphabet = '0123456789-/,[]{}":_placeholdrnumtus\u0000é';
  for (let seed = 1; seed <= 5000; seed++) {
    const next = random(seed);
    const wire = Array.from({ length: next(40) }, () => alphabet[next(alphabet.length)]).join("");
    try {
      for (const packet of decode(wire)) assert.ok(packet.type >= 0 && packet.type <= 4 && packet.nsp.startsWith("/"));
    } catch (error) {
      assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), wire);
    }
  }
});

interface SocketVectors {
  packets: {
    name: string;
    text: string;
    attachments: string[];
    decoded: { type: keyof typeof TYPES; nsp: string; id?: number | null; data?: unknown };
  }[];
  invalid: { name: string; frames: { text?: string; hex?: string }[] }[];
}

const TYPES = {
  connect: CONNECT,
  disconnect: DISCONNECT,
  event: EVENT,
  ack: ACK,
  connect_error: CONNECT_ERROR,
};

const unhex = (hex: string): ArrayBuffer => Uint8Array.from(Buffer.from(hex, "hex")).buffer;

/** A packet as the vectors spell it: bytes in hex, an event's name as text, no id as null. */
function spell({ type, nsp, id, data }: Packet): unknown {
  const replacer = (_: string, value: unknown) =>
    value instanceof ArrayBuffer ? { $bytes: Buffer.from(value).toString("hex") } : value;
  const spelled = data === undefined ? undefined : JSON.parse(JSON.stringify(data, replacer));
  if (type === EVENT) spelled[0] = String(spelled[0]);
  return { type, nsp, id: id ?? null, data: spelled };
}

test("the shared vectors are read as they are spelled, and survive the way back", () => {
  const { packets } = vectors<SocketVectors>("socket");
  assert.ok(packets.length >= 30);
  for (const { name, text, attachments, decoded } of packets) {
    const [packet, ...more] = decode(text, ...attachments.map(unhex));
    assert.ok(packet && more.length === 0, name);
    const { type, nsp, id = null, data } = decoded;
    assert.deepEqual(spell(packet), { type: TYPES[type], nsp, id, data }, name);
    assert.deepEqual(decode(...(encode(packet) as [string, ...ArrayBuffer[]])), [packet], name);
  }
});

test("each invalid vector is refused at its last frame", () => {
  const { invalid } = vectors<SocketVectors>("socket");
  assert.ok(invalid.length >= 40);
  for (const { name, frames } of invalid) {
    const messages = frames.map(({ text, hex }) => text ?? unhex(hex ?? ""));
    decode(...messages.slice(0, -1));
    assert.throws(() => decode(...messages), `${name}: accepted`);
  }
});
