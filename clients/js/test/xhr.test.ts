// Polling by XMLHttpRequest, against one that is only memory: browsers have the real one.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Session } from "../src/engine/session.js";
import { XHR } from "../src/transports/xhr.js";
import { last, OPEN, settle } from "./support/fake.js";

class FakeXhr {
  static all: FakeXhr[] = [];
  readyState = 0;
  status = 0;
  responseText = "";
  withCredentials = false;
  onreadystatechange: (() => void) | null = null;
  onprogress: ((event: { loaded: number }) => void) | null = null;
  method = "";
  url = "";
  body: unknown;
  aborted = false;
  readonly headers: Record<string, string> = {};

  open(method: string, url: string): void {
    this.method = method;
    this.url = url;
  }
  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }
  send(body: unknown): void {
    this.body = body;
    FakeXhr.all.push(this);
  }
  abort(): void {
    this.aborted = true;
  }
  answers(status: number, text: string): void {
    Object.assign(this, { status, responseText: text, readyState: 4 });
    this.onreadystatechange?.();
  }
}

beforeEach(() => {
  FakeXhr.all = [];
  Object.assign(globalThis, { XMLHttpRequest: FakeXhr });
});
afterEach(() => {
  Reflect.deleteProperty(globalThis, "XMLHttpRequest");
});

const SHAKE = `0${JSON.stringify(OPEN)}`;

function start(options: ConstructorParameters<typeof Session>[1] = {}) {
  const session = new Session("http://host", { transports: [XHR], ...options });
  const log: unknown[] = [];
  session.on("error", ({ message, status, body, context }) => log.push([message, status, body, context]));
  session.on("close", (reason) => log.push(reason));
  return { session, log };
}

test("GETs and POSTs have what the options say", async () => {
  const { session } = start({ withCredentials: true, extraHeaders: { "x-a": "1" } });
  const get = last(FakeXhr.all);
  assert.deepEqual([get.method, get.body, get.withCredentials, get.headers], ["GET", null, true, { "x-a": "1" }]);
  assert.match(get.url, /^http:\/\/host:80\/socket\.io\/\?EIO=4&transport=polling&t=\w+$/);
  get.answers(200, SHAKE);
  session.send("a");
  session.send("é");
  await settle();
  const post = last(FakeXhr.all);
  assert.deepEqual([post.method, post.body], ["POST", "4a"]);
  // The platform adds the type of a text: `text/plain;charset=UTF-8`.
  assert.deepEqual(post.headers, { "x-a": "1" });
  assert.match(post.url, /&sid=engine-sid&/);
  post.answers(200, "ok");
  await settle();
  assert.equal(last(FakeXhr.all).body, "4é");
  session.close(true);
});

test("a failure tells status and body, and ends what is under way", async () => {
  const { session, log } = start();
  last(FakeXhr.all).answers(200, SHAKE);
  const parked = last(FakeXhr.all);
  session.send("a");
  await settle();
  const post = last(FakeXhr.all);
  post.answers(413, "too large");
  assert.deepEqual(log, [["xhr post error", 413, "too large", post], "transport error"]);
  assert.equal(parked.aborted, true);
  parked.answers(200, "4late");
  assert.equal(log.length, 2);
});

test("no answer is a failure with status 0, and an endless one is cut off", () => {
  const { log } = start();
  last(FakeXhr.all).answers(0, "");
  assert.deepEqual(log, [["xhr poll error", 0, "", last(FakeXhr.all)], "transport error"]);
  const endless = start();
  const xhr = last(FakeXhr.all);
  xhr.onprogress?.({ loaded: 1_000_000 });
  assert.deepEqual(endless.log, []);
  xhr.onprogress?.({ loaded: 1_000_001 });
  assert.equal(endless.log.length, 2);
  assert.equal(xhr.aborted, true);
});
