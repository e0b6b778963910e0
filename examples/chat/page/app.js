// The page's side of the chat: one socket, a list of messages, a form. What comes from others is only ever text.

"use strict";

/** How many messages the page keeps; the oldest go. */
const KEPT = 500;

/** How long the server may take to confirm a message, in milliseconds, a reconnection in between included. */
const CONFIRM_WITHIN = 20_000;

/** How far from the end of the list one may be and still follow it, in pixels. */
const FOLLOW = 80;

const [list, form, nickname, input, state, notice] = ["messages", "form", "nickname", "input", "state", "notice"].map(
  (id) => document.getElementById(id),
);

/** The id of the last message that is here: after a reconnection the server sends what came after it. */
let lastId = 0;

/** Whether the end of the list is to stay in sight: not while somebody reads further up. */
let follows = true;

const socket = io({ auth: (send) => send({ lastId }) });

socket.on("connect", () => showState("online", "Connected"));
socket.on("disconnect", () =>
  socket.active ? showState("waiting", "Reconnecting…") : showState("offline", "Disconnected by the server"),
);
socket.on("connect_error", (error) =>
  socket.active ? showState("waiting", "Reconnecting…") : showState("offline", error.message),
);

socket.on("history", (messages) => {
  // More was said meanwhile than a history holds: rather begin anew than hide the gap.
  if (messages.length > 0 && messages[0].id > lastId + 1) list.replaceChildren();
  list.setAttribute("aria-busy", "true");
  for (const message of messages) append(message);
  list.setAttribute("aria-busy", "false");
  if (follows) scrollToEnd();
});

socket.on("chat message", (message) => {
  append(message);
  if (follows) scrollToEnd();
});

list.addEventListener("scroll", () => {
  follows = list.scrollHeight - list.scrollTop - list.clientHeight < FOLLOW;
});

// A keyboard that slides in, or a notice, takes its room from the list.
new ResizeObserver(() => follows && scrollToEnd()).observe(list);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (text === "") return input.focus();
  remember(nickname.value.trim());
  notice.textContent = "";
  input.value = "";
  scrollToEnd();
  socket.timeout(CONFIRM_WITHIN).emit("chat message", { nickname: nickname.value, text }, (error, answer) => {
    if (error) giveBack(text, "The server did not confirm the message; it may not have arrived.");
    else if (answer.error) giveBack(text, `Not sent: ${answer.error}.`);
  });
});

nickname.value = remembered();
(nickname.value === "" ? nickname : input).focus();

/** Adds one message to the end of the list. */
function append(message) {
  // Ids only grow: this one is from another store than those before.
  if (message.id <= lastId) list.replaceChildren();
  lastId = message.id;

  const sentAt = new Date(message.sentAt);
  const name = element("strong", message.nickname);
  name.dir = "auto";
  const time = element("time", clock(sentAt));
  time.dateTime = sentAt.toISOString();
  time.title = sentAt.toLocaleString();
  const text = element("p", message.text);
  text.dir = "auto";

  const item = document.createElement("li");
  item.dataset.nickname = message.nickname;
  item.dataset.initial = [...message.nickname][0].toUpperCase();
  item.style.setProperty("--hue", hue(message.nickname));
  item.classList.toggle("goes-on", list.lastElementChild?.dataset.nickname === message.nickname);
  item.append(name, " ", time, " ", text);
  list.append(item);
  if (list.childElementCount > KEPT) list.firstElementChild.remove();
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** The time of day, after the date if that is not today's. */
function clock(time) {
  const today = time.toDateString() === new Date().toDateString();
  return time.toLocaleString(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

/** A colour for a name, the same on every page: an angle in degrees. */
function hue(name) {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 360;
  return hash;
}

/** Says what became of a message, and returns its text to the input unless another is being written. */
function giveBack(text, why) {
  notice.textContent = why;
  if (input.value === "") input.value = text;
}

function showState(kind, text) {
  state.dataset.state = kind;
  state.textContent = text;
}

function scrollToEnd() {
  list.scrollTop = list.scrollHeight;
}

/** The nickname of the last visit; none where the browser keeps nothing. */
function remembered() {
  try {
    return localStorage.getItem("nickname") ?? "";
  } catch {
    return "";
  }
}

function remember(name) {
  try {
    localStorage.setItem("nickname", name);
  } catch {
    // The name lasts as long as the page.
  }
}
