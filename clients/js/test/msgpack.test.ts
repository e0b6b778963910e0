// The MessagePack parser: bytes by hand, and the official parser as the other end of each value.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as official from "socket.io-msgpack-parser";
import { decode } from "../src/msgpack/decode.js";
import { encode } from "../src/msgpack/encode.js";
import { Decoder, Encoder } from "../src/parser/msgpack.js";
import type { Packet } from "../src/parser/packet.js";

const hex = (value: unknown) => Buffer.from(encode(value)).toString("hex");
const unhex = (text: string) => new Uint8Array(Buffer.from(text, "hex")).buffer;

test("each form in bytes", () => {
  for (const [value, bytes] of [
    [null, "c0"],
    [false, "c2"],
    [true, "c3"],
    [0, "00"],
    [-0, "00"],
    [127, "7f"],
    [128, "cc80"],
    [255, "ccff"],
    [256, "cd0100"],
    [65_535, "cdffff"],
    [65_536, "ce00010000"],
    [2 ** 32 - 1, "ceffffffff"],
    [2 ** 32, "cf0000000100000000"],
    [2 ** 53 - 1, "cf001fffffffffffff"],
    [-1, "ff"],
    [-32, "e0"],
    [-33, "d0df"],
    [-128, "d080"],
    [-129, "d1ff7f"],
    [-32_768, "d18000"],
    [-32_769, "d2ffff7fff"],
    [-(2 ** 31), "d280000000"],
    [-(2 ** 31) - 1, "d3ffffffff7fffffff"],
    [1.5, "cb3ff8000000000000"],
    [2 ** 60, "cb43b0000000000000"],
    ["", "a0"],
    ["aé", "a361c3a9"],
    [[], "90"],
    [[1, [2]], "92019102"],
    [{}, "80"],
    [{ a: 1, b: undefined }, "81a16101"],
    [new Date(1), "d7000000000000000001"],
    [Uint8Array.of(1, 2).subarray(1), "c40102"],
    [Uint8Array.of(9).buffer, "c40109"],
  ] as [unknown, string][]) {
    assert.equal(hex(value), bytes);
  }
});

test("what JSON leaves out is left out, and toJSON is asked", () => {
  assert.deepEqual(decode(encode({ f() {}, u: undefined, a: [undefined, () => {}], j: { toJSON: () => 1 } })), {
    a: [null, null],
    j: 1,
  });
});

test("every value survives, at each length where the form changes, in both directions with the official parser", () => {
  const text = (length: number) => "é".repeat(length >> 1) + "x".repeat(length & 1);
  const values: unknown[] = [0.1, "😀", { __proto_: 1 }, new Date(1_700_000_000_123), new Date(-5)];
  for (const length of [0, 1, 15, 16, 31, 32, 33, 255, 256, 65_535, 65_536]) {
    values.push(
      text(length),
      new Array(length).fill(7),
      Object.fromEntries(new Array(length).fill(0).map((_, i) => [i, i])),
    );
  }
  for (let power = 0; power <= 53; power++) values.push(2 ** power - 1, 1 - 2 ** power, -(2 ** power));
  for (const value of values) {
    const packet = { type: 2, data: ["e", value], nsp: "/" };
    const ours = new Encoder().encode(packet)[0] as Uint8Array;
    assert.deepEqual(heard(new Decoder(), ours), packet);
    const theirs = new official.Decoder();
    const got: unknown[] = [];
    theirs.on("decoded", (decoded: unknown) => got.push(decoded));
    theirs.add(Buffer.from(ours));
    assert.deepEqual(got, [packet]);
    const back = (new official.Encoder().encode(packet) as unknown as Buffer[])[0] as Buffer;
    assert.deepEqual(heard(new Decoder(), back), packet);
  }
});

test("bytes become what the message is: ArrayBuffers, or copies as Buffers", () => {
  assert.deepEqual(decode(unhex("c4020102")), Uint8Array.of(1, 2).buffer);
  const message = Buffer.from("c4020102", "hex");
  const bytes = decode(message) as Buffer;
  message.fill(0);
  assert.deepEqual(bytes, Buffer.from([1, 2]));
  for (const length of [255, 256, 65_535, 65_536]) {
    assert.equal((decode(encode(new Uint8Array(length))) as Uint8Array).length, length);
  }
  // An ArrayBuffer from the official parser in Node.
  assert.deepEqual(decode(unhex("c70200aabb")), Uint8Array.of(0xaa, 0xbb).buffer);
});

test("dates of both kinds, undefined, and extensions that nobody knows", () => {
  assert.deepEqual(decode(unhex("d6ff00000001")), new Date(1000));
  assert.deepEqual(decode(unhex("d7ff1dcd650000000001")), new Date(1125));
  assert.deepEqual(decode(unhex("c70cff00000000ffffffffffffffff")), new Date(-1000));
  assert.equal(decode(unhex("d40000")), undefined);
  assert.deepEqual(decode(unhex("d50501ff")), [5, Uint8Array.of(1, 255).buffer]);
});

test("a key of the name __proto__ is a key", () => {
  const value = decode(unhex(`81a9${Buffer.from("__proto__").toString("hex")}81a17801`)) as object;
  assert.deepEqual(Object.keys(value), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});

test("a message that is not one value is refused, and costs nothing", () => {
  const whole = encode([
    { a: "text", b: [1.5, -40_000, 2 ** 40, new Date(0)], c: new Uint8Array(300) },
    "x".repeat(300),
  ]);
  for (let end = 0; end < whole.length; end++) assert.throws(() => decode(whole.slice(0, end).buffer), Error, `${end}`);
  assert.throws(() => decode(unhex("0101")), /trailing/);
  assert.throws(() => decode(unhex("c1")), Error);
  for (const huge of ["dfffffffff", "ddffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff00"]) {
    assert.throws(() => decode(unhex(huge)), /too short/);
  }
  assert.doesNotThrow(() => decode(unhex(`${"91".repeat(512)}c0`)));
  assert.throws(() => decode(unhex(`${"91".repeat(513)}c0`)), /too deep/);
});

test("what cannot be written is an error", () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  assert.throws(() => encode(cycle), RangeError);
  assert.throws(() => encode(1n), TypeError);
  assert.throws(() => encode(new Blob([])), TypeError);
});

test("a value that is no packet is an error", () => {
  for (const value of [
    null,
    [],
    "text",
    {},
    { type: 5, nsp: "/", data: ["e"] },
    { type: "2", nsp: "/", data: ["e"] },
    { type: 2, nsp: 1, data: ["e"] },
    { type: 2, nsp: "/", data: {} },
    { type: 2, nsp: "/", data: ["connect"] },
    { type: 2, nsp: "/", data: ["e"], id: "1" },
    { type: 0, nsp: "/", data: [] },
    { type: 1, nsp: "/", data: "x" },
    { type: 3, nsp: "/", data: "x" },
    { type: 4, nsp: "/" },
  ]) {
    assert.throws(() => heard(new Decoder(), encode(value)), Error, JSON.stringify(value));
  }
  assert.throws(() => heard(new Decoder(), "2[]"), Error);
});

function heard(decoder: Decoder, message: string | ArrayBuffer | Uint8Array): Packet | undefined {
  let packet: Packet | undefined;
  decoder.on("decoded", (decoded) => {
    packet = decoded;
  });
  decoder.add(message);
  return packet;
}
