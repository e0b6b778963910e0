// What the types accept and refuse: `tsc` is the test, this file only has to be right and to run.

import assert from "node:assert/strict";
import { test } from "node:test";
import { io, type Manager, type Socket } from "../src/index.js";

interface ServerToClient {
  news: (title: string, importance: number) => void;
  question: (text: string, answer: (choice: boolean) => void) => void;
}
interface ClientToServer {
  say: (text: string) => void;
  count: (from: number, answer: (total: number) => void) => void;
  message: (text: string) => void;
}

const options = { autoConnect: false };

test("a map of events types both ends", () => {
  const socket: Socket<ServerToClient, ClientToServer> = io("http://typed", options);
  socket.on("news", (title, importance) => title.length + importance);
  socket.on("news", () => {});
  socket.on("question", (_text, answer) => answer(true));
  socket.on("connect", () => {});
  socket.on("connect_error", (error) => error.data);
  socket.on("disconnect", (reason) => reason === "io server disconnect");
  // @ts-expect-error no such event
  socket.on("olds", () => {});
  // @ts-expect-error the title is a string
  socket.on("news", (title: number) => title);
  // @ts-expect-error the answer is a boolean
  socket.on("question", (_text, answer) => answer("yes"));

  socket.emit("say", "hello").send("hello");
  socket.emit("count", 1, (total) => total.toFixed());
  socket.timeout(10).emit("count", 1, (error, total) => error?.message ?? total.toFixed());
  // @ts-expect-error the text is missing
  socket.emit("say");
  // @ts-expect-error that is what the server sends
  socket.emit("news", "x", 1);
  // @ts-expect-error a number, not a text
  socket.emit("count", "1", () => {});

  const total: Promise<number> = socket.emitWithAck("count", 1);
  const timed: Promise<number> = socket.timeout(10).emitWithAck("count", 1);
  // @ts-expect-error the answer is a number
  const wrong: Promise<string> = socket.emitWithAck("count", 1);
  for (const promise of [total, timed, wrong]) promise.catch(() => {});
  socket.disconnect();
  assert.equal(socket.connected, false);
});

test("without a map any event goes, with arguments that are unknown until they are typed", () => {
  const socket = io("http://untyped", options);
  socket.on("a", (text: string, count: number) => text.repeat(count));
  socket.on("b", (value) => {
    // @ts-expect-error the value is unknown
    value.length;
  });
  socket.emit("a", 1, { b: [new Uint8Array(1)] }, (answer: string) => answer.length);
  const answer: Promise<unknown> = socket.emitWithAck("a");
  answer.catch(() => {});
  const manager: Manager = socket.io;
  manager.on("reconnect_attempt", (attempt) => attempt.toFixed());
  // @ts-expect-error no such event
  manager.on("reconnected", () => {});
  socket.disconnect();
  assert.equal(socket.active, false);
});

test("options are checked", () => {
  // @ts-expect-error no such transport
  const socket = io("http://options", { autoConnect: false, transports: ["carrier pigeon"] });
  assert.equal(socket.active, false);
});
