import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePacket, type EnginePacket, encodePacket } from "../src/engine/packet.js";
import { countFitting, decodePayload, encodePayload } from "../src/engine/payload.js";
import { vectors } from "./support/vectors.js";

const text = (type: EnginePacket["type"], data = ""): EnginePacket => ({ type, data });
const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer;

test("each packet type has its digit", () => {
  for (const [wire, packet] of [
    ['0{"sid":"x"}', text("open", '{"sid":"x"}')],
    ["1", text("close")],
    ["2probe", text("ping", "probe")],
    ["3", text("pong")],
    ["4hello", text("message", "hello")],
    ["4", text("message")],
    ["5", text("upgrade")],
    ["6", text("noop")],
  ] as const) {
    assert.deepEqual(decodePacket(wire), packet);
    assert.equal(encodePacket(packet), wire);
  }
});

test("what begins with no type is refused", () => {
  for (const wire of ["", "7", "a", "-", " 4", "٤x"]) assert.deepEqual(decodePacket(wire), text("error", wire));
});

test("a payload joins packets by the separator, binary ones in base64", async () => {
  const packets: EnginePacket[] = [text("message", "hé"), { type: "message", data: bytes(1, 2, 3, 255) }, text("ping")];
  const body = "4hé\x1ebAQID/w==\x1e2";
  assert.equal(await encodePayload(packets), body);
  assert.deepEqual([...decodePayload(body)], packets);
});

test("views and blobs are sent as their own bytes only", async () => {
  const view = new Uint8Array(bytes(9, 1, 2, 3, 9), 1, 3);
  for (const data of [view, new DataView(view.buffer, 1, 3), new Blob([view])]) {
    assert.equal(await encodePayload([{ type: "message", data }]), "bAQID");
  }
});

test("a large binary packet survives base64", async () => {
  const data = Uint8Array.from({ length: 300_001 }, (_, at) => (at * 7919) % 256);
  const [packet] = [...decodePayload(await encodePayload([{ type: "message", data }]))];
  assert.deepEqual(new Uint8Array(packet?.data as ArrayBuffer), data);
});

test("packets before a bad one are handed out", () => {
  assert.deepEqual(decodePayload("4a\x1e9"), [text("message", "a"), text("error", "9")]);
});

test("base64 that is not exact is refused", () => {
  for (const body of ["bA", "bAQI", "bAQ ID", "b====", "bA_ID", "bAQ==AQ=="]) {
    assert.deepEqual(decodePayload(body), [text("error", body)]);
  }
});

test("a body is filled up to the limit, in UTF-8 bytes", () => {
  const packets = [
    text("message", "aaa"),
    text("message", "é"),
    { type: "message", data: bytes(1, 2, 3, 4) } as EnginePacket,
  ];
  // 4aaa = 4, separator and 4é = 4, separator and b + 8 characters = 10.
  for (const [limit, count] of [
    [1, 1],
    [4, 1],
    [7, 1],
    [8, 2],
    [17, 2],
    [18, 3],
    [1000, 3],
  ] as const) {
    assert.equal(countFitting(packets, limit), count, `limit ${limit}`);
  }
});

test("the computed size is the size of the body", async () => {
  const packets = [
    text("message", "日本"),
    { type: "message", data: new Blob(["12345"]) } as EnginePacket,
    text("pong"),
  ];
  const size = Buffer.byteLength(await encodePayload(packets));
  assert.equal(countFitting(packets, size), 3);
  assert.equal(countFitting(packets, size - 1), 2);
});

interface VectorPacket {
  text: string;
  type: EnginePacket["type"] | "binary";
  data?: string;
  hex?: string;
}
interface EngineVectors {
  packets: VectorPacket[];
  payloads: { body: string; packets: VectorPacket[] }[];
  invalidPackets: string[];
  invalidPayloads: string[];
}

function fromVector({ type, data = "", hex = "" }: VectorPacket): EnginePacket {
  return type === "binary"
    ? { type: "message", data: Uint8Array.from(Buffer.from(hex, "hex")).buffer }
    : { type, data };
}

test("the shared vectors hold in both directions", async () => {
  const { packets, payloads } = vectors<EngineVectors>("engine");
  assert.ok(packets.length && payloads.length);
  for (const packet of packets) {
    assert.deepEqual([...decodePayload(packet.text)], [fromVector(packet)]);
    assert.equal(await encodePayload([fromVector(packet)]), packet.text);
  }
  for (const payload of payloads) {
    const expected = payload.packets.map(fromVector);
    assert.deepEqual([...decodePayload(payload.body)], expected);
    assert.equal(await encodePayload(expected), payload.body);
  }
});

test("what the shared vectors call invalid is refused", () => {
  const { invalidPackets, invalidPayloads } = vectors<EngineVectors>("engine");
  assert.ok(invalidPackets.length && invalidPayloads.length);
  for (const body of [...invalidPackets, ...invalidPayloads]) {
    const types = decodePayload(body).map(({ type }) => type);
    assert.ok(types.includes("error"), `${JSON.stringify(body)} was accepted`);
  }
});
