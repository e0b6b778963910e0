// What a tab knows: who it is, what was said, who is here, and what is not confirmed yet. No document, no socket.

"use strict";

/** How many messages the page keeps; the oldest go, and can be asked for again. */
const KEPT = 1_000;

/** A tab is a person: it keeps name and secret over a reload, and a second tab is somebody else. */
const me = { id: 0, nickname: remembered("sessionStorage", "nickname") ?? "", key: remembered("sessionStorage", "key") };
if (!me.key) {
  me.key = randomId(16);
  remember("sessionStorage", "key", me.key);
}

const state = {
  /** All messages of all conversations, in the order of their ids. */
  messages: [],
  /** The id of the last message that is here: the server sends what came after it. `null` before the first history. */
  serverOffset: null,
  /** Whether the server has earlier messages. */
  earlier: false,
  /** Names by id, of those who are here. */
  online: new Map(),
  /** Names by id, of everyone who was ever seen. */
  names: new Map(),
  /** The conversation in sight: `null` is everyone, otherwise the id of a person. */
  current: null,
  /** How many messages of a conversation have not been seen. */
  unread: new Map(),
  /** Messages that the server has not confirmed. They outlive a reload. */
  outbox: JSON.parse(remembered("sessionStorage", "outbox") ?? "[]"),
};

/** The conversation that a message belongs to. */
function conversationOf({ author, to }) {
  if (!to) return null;
  return author.id === me.id ? to.id : author.id;
}

/** Takes a page of history. `false` if what was here before had to go. */
function takeHistory({ messages, anew, earlier }) {
  if (anew) {
    state.messages = [];
    state.earlier = earlier;
  }
  messages.forEach(takeMessage);
  state.serverOffset ??= 0;
  if (anew) state.serverOffset = messages.at(-1)?.id ?? 0;
  return !anew;
}

/** Takes one message at the end. `false` if it is here already. */
function takeMessage(message) {
  if (message.id <= (state.messages.at(-1)?.id ?? 0)) return false;
  state.serverOffset = message.id;
  state.messages.push(message);
  noteNames(message);
  if (message.author.id === me.id) settle(message.offset);
  if (state.messages.length > KEPT) {
    state.messages.shift();
    state.earlier = true;
  }
  return true;
}

/** Takes a page of messages from before the first that is here. */
function takeEarlier({ messages, earlier }) {
  const first = state.messages[0]?.id ?? Number.POSITIVE_INFINITY;
  state.messages.unshift(...messages.filter(({ id }) => id < first));
  messages.forEach(noteNames);
  state.earlier = earlier;
}

function noteNames({ author, to }) {
  if (!state.names.has(author.id)) state.names.set(author.id, author.nickname);
  if (to && !state.names.has(to.id)) state.names.set(to.id, to.nickname);
}

/** Puts a message among those that are to be sent. */
function draft(text, to) {
  const made = { text, offset: randomId(8), ...(to !== null && { to }) };
  state.outbox.push(made);
  keepOutbox();
  return made;
}

/** The server has the message, or refused it. */
function settle(offset) {
  const at = state.outbox.findIndex((waiting) => waiting.offset === offset);
  if (at < 0) return;
  state.outbox.splice(at, 1);
  keepOutbox();
}

function keepOutbox() {
  remember("sessionStorage", "outbox", JSON.stringify(state.outbox));
}

/** So many random bytes in hexadecimal. */
function randomId(bytes) {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What was kept at the last visit; nothing where the browser keeps nothing. */
function remembered(storage, name) {
  try {
    return window[storage].getItem(`chat ${name}`);
  } catch {
    return null;
  }
}

function remember(storage, name, value) {
  try {
    window[storage].setItem(`chat ${name}`, value);
  } catch {
    // It lasts as long as the page.
  }
}
