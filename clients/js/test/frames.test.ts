// WebSocket frames of the Node transport, in bytes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { agree, Deflate } from "../src/node/deflate.js";
import {
  BINARY,
  CLOSE,
  encodeFrame,
  FrameError,
  FrameReader,
  MAX_FRAGMENTS,
  type Message,
  PING,
  TEXT,
} from "../src/node/frames.js";
import { vectors } from "./support/vectors.js";

const LIMIT = 100_000;

/** A frame as a server sends it. */
function frame(first: number, data: Uint8Array | string = "", length = Buffer.byteLength(data)): Buffer {
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = first;
  if (head.length === 2) head[1] = length;
  else if (head.length === 4) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    head.writeUInt32BE(length >>> 0, 6);
  }
  return Buffer.concat([head, Buffer.from(data as string)]);
}

function read(bytes: Buffer, reader = new FrameReader(LIMIT)): Message[] {
  return [...reader.read(bytes)];
}

function refused(bytes: Buffer, code: number): void {
  assert.throws(
    () => read(bytes),
    (error) => error instanceof FrameError && error.code === code,
  );
}

/** What a server reads of a masked frame. */
function unmask(bytes: Buffer): { first: number; data: Buffer } {
  const short = (bytes[1] as number) & 127;
  const head = short < 126 ? 2 : short === 126 ? 4 : 10;
  const mask = bytes.subarray(head, head + 4);
  return {
    first: bytes[0] as number,
    data: Buffer.from(bytes.subarray(head + 4).map((byte, at) => byte ^ (mask[at & 3] as number))),
  };
}

test("what is sent is masked, at each length where the form changes", () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 70_000]) {
    const data = Buffer.alloc(length, 7);
    const sent = encodeFrame(BINARY, data);
    assert.equal((sent[1] as number) & 128, 128);
    assert.deepEqual(unmask(sent), { first: 0x82, data });
  }
  assert.deepEqual(unmask(encodeFrame(TEXT, "é")), { first: 0x81, data: Buffer.from("é") });
  assert.notDeepEqual(encodeFrame(TEXT, "same"), encodeFrame(TEXT, "same"));
});

test("messages come out whole wherever the bytes are cut", () => {
  const bytes = Buffer.concat([
    frame(0x81, "one"),
    frame(0x01, "tw"),
    frame(0x89, "ping"),
    frame(0x80, "o"),
    frame(0x82, Buffer.alloc(300, 1)),
    frame(0x81, ""),
  ]);
  const expected = [
    { opcode: TEXT, data: Buffer.from("one") },
    { opcode: PING, data: Buffer.from("ping") },
    { opcode: TEXT, data: Buffer.from("two") },
    { opcode: BINARY, data: Buffer.alloc(300, 1) },
    { opcode: TEXT, data: Buffer.alloc(0) },
  ];
  assert.deepEqual(read(bytes), expected);
  for (let cut = 1; cut < bytes.length; cut++) {
    const reader = new FrameReader(LIMIT);
    assert.deepEqual([...read(bytes.subarray(0, cut), reader), ...read(bytes.subarray(cut), reader)], expected);
  }
  const reader = new FrameReader(LIMIT);
  assert.deepEqual(
    [...bytes].flatMap((byte) => read(Buffer.from([byte]), reader)),
    expected,
  );
});

test("what a server must not send ends the connection, with the code that says so", () => {
  refused(Buffer.from([0x81, 0x80, 0, 0, 0, 0]), 1002); // masked
  refused(frame(0xc1, "x"), 1002); // compressed, without agreement
  refused(frame(0xa1, "x"), 1002);
  refused(frame(0x83, "x"), 1002); // unknown opcodes
  refused(frame(0x8b, "x"), 1002);
  refused(frame(0x80, "x"), 1002); // a continuation of nothing
  refused(Buffer.concat([frame(0x01, "x"), frame(0x81, "y")]), 1002);
  refused(frame(0x09, "x"), 1002); // a control frame in pieces
  refused(frame(0x88, Buffer.alloc(126)), 1002);
  refused(frame(0x81, Buffer.from([0xff])), 1007);
  assert.equal(read(frame(0x88, Buffer.alloc(125))).length, 1);
  assert.equal(read(frame(0x88))[0]?.opcode, CLOSE);
});

test("a message may have as many bytes as the limit says, announced at once or bit by bit", () => {
  for (const length of [LIMIT - 1, LIMIT]) assert.equal(read(frame(0x82, Buffer.alloc(length))).length, 1);
  // The length alone is enough: nothing is awaited, and no room made for it.
  for (const length of [LIMIT + 1, 2 ** 31, 2 ** 53]) refused(frame(0x82, "", length), 1009);
  refused(Buffer.concat([frame(0x02, Buffer.alloc(LIMIT)), frame(0x00, "", 1)]), 1009);
});

test("a message may have so many fragments, and empty ones cost nothing", () => {
  const many = (count: number) => Buffer.concat(new Array(count).fill(frame(0x00, "x")));
  assert.equal(read(Buffer.concat([frame(0x02), many(MAX_FRAGMENTS - 1), frame(0x80, "x")])).length, 1);
  refused(Buffer.concat([frame(0x02), many(MAX_FRAGMENTS), frame(0x80, "x")]), 1008);
  const empty = Buffer.concat(new Array(3 * MAX_FRAGMENTS).fill(frame(0x00)));
  assert.deepEqual(read(Buffer.concat([frame(0x02), empty, frame(0x80, "x")])), [
    { opcode: BINARY, data: Buffer.from("x") },
  ]);
});

test("compression as it was agreed on, message by message, and no bomb", () => {
  const deflate = agree("permessage-deflate; server_no_context_takeover; client_no_context_takeover", 10) as Deflate;
  const text = "a".repeat(500);
  const sent = encodeFrame(TEXT, deflate.deflate(text), true);
  assert.ok(sent.length < 50);
  const { first, data } = unmask(sent);
  assert.equal(first, 0xc1);
  const reader = new FrameReader(LIMIT, deflate);
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(read(frame(0xc1, data), reader), [{ opcode: TEXT, data: Buffer.from(text) }]);
  }
  assert.throws(() => read(frame(0xc1, Buffer.from([0xff, 0xff])), new FrameReader(LIMIT, deflate)), { code: 1007 });
  for (const [length, code] of [
    [LIMIT, undefined],
    [LIMIT + 1, 1009],
    [100 * LIMIT, 1009],
  ] as const) {
    const bomb = frame(0xc2, deflateRawSync(Buffer.alloc(length), { finishFlush: 2 }).subarray(0, -4));
    const unpack = () => read(bomb, new FrameReader(LIMIT, deflate));
    if (code) assert.throws(unpack, { code });
    else assert.equal(unpack().length, 1);
  }
});

test("an extension that was not offered is no agreement", () => {
  assert.equal(agree(undefined, 0), undefined);
  for (const answer of ["permessage-deflate", "x-other", "permessage-deflate; server_no_context_takeover; other=1"]) {
    assert.throws(() => agree(answer, 0), /not offered/);
  }
  assert.ok(agree("permessage-deflate; server_no_context_takeover; server_max_window_bits=15", 0) instanceof Deflate);
});

interface FrameVector {
  name: string;
  role: string;
  deflate?: boolean;
  hex: string;
  max_message_bytes?: number;
  expect?: {
    text?: string;
    binary?: string;
    ping?: string;
    pong?: string;
    close?: { code: number; reason: string } | null;
  }[];
  error?: number;
}

test("the shared vectors, those for a client", () => {
  const found = vectors<{ vectors: FrameVector[] }>("websocket").vectors.filter(({ role }) => role === "client");
  assert.ok(found.length > 3);
  for (const { name, deflate, hex, max_message_bytes = 1000, expect = [], error } of found) {
    const messages: Message[] = [];
    let code: number | undefined;
    try {
      const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
      for (const message of new FrameReader(max_message_bytes, deflate ? new Deflate(0) : undefined).read(bytes))
        messages.push(message);
    } catch (thrown) {
      code = (thrown as FrameError).code;
    }
    // Close frames are read by the WebSocket, and what it finds wrong in one is not the reader's to say.
    if (expect.some((message) => "close" in message) || messages.some(({ opcode }) => opcode === CLOSE)) continue;
    assert.equal(code, error, name);
    assert.deepEqual(
      messages.map(({ opcode, data }) => (opcode === TEXT ? data.toString() : data.toString("hex"))),
      expect.map(({ text, binary, ping, pong }) => text ?? binary ?? ping ?? pong),
      name,
    );
  }
});
