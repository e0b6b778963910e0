// The page's side of the chat: what the socket says goes into the state and onto the screen, what the user does goes out.
//
// Nothing is lost or doubled. From the server: each message has an id, and whoever connects says the last one it has. From
// here: each message has an id of its own and is sent until the server has answered; the server stores it once.

"use strict";

/** How often the round trip is measured, in milliseconds. */
const MEASURE_EVERY = 5_000;

/** How often others are told that somebody types, and how long they believe it, in milliseconds. */
const TELL_TYPING_EVERY = 2_000;
const TYPING_LASTS = 4_000;

/** Who is back so soon was never away, in milliseconds: a reload, a server that is started again. */
const LEFT_AFTER = 3_000;

const socket = io({
  autoConnect: false,
  ackTimeout: 10_000,
  retries: Number.POSITIVE_INFINITY,
  auth: (send) => send({ key: me.key, nickname: me.nickname, serverOffset: state.serverOffset }),
});

/** Timers by person: who types, and who left and may be back at once. */
const typing = new Map();
const leaving = new Map();
let toldTypingAt = 0;

/** What the server said when it went, until it is back. */
let goodbye = "";

socket.on("connect", () => {
  goodbye = "";
  showTransport();
});
socket.on("disconnect", (reason, details) => {
  goodbye = details?.goodbye?.reason ? `${details.goodbye.reason} ` : "";
  // Only a server says so that does not want us now.
  if (!socket.active) setTimeout(() => socket.connect(), LEFT_AFTER * Math.random());
  showState("waiting", `${goodbye}Reconnecting…`);
  stopTyping();
});
socket.on("connect_error", (error) => {
  if (socket.active) return showState("waiting", navigator.onLine ? `${goodbye}Reconnecting…` : "Offline");
  signIn(error.message);
});
socket.io.on("open", () => socket.io.engine.on("upgrade", () => showTransport()));

socket.on("welcome", (person) => {
  Object.assign(me, person);
  for (const storage of ["sessionStorage", "localStorage"]) remember(storage, "nickname", me.nickname);
  ui.myName.textContent = me.nickname;
  ui.myBadge.textContent = [...me.nickname][0].toUpperCase();
  ui.myBadge.style.setProperty("--hue", hue(me.id));
  ui.signIn.close();
});

socket.on("history", (page) => {
  if (!takeHistory(page)) return showConversation();
  if (page.messages.map(arrive).includes(true)) showConversations();
});

socket.on("chat message", (message) => {
  if (!takeMessage(message)) return;
  stopTyping(message.author.id);
  if (arrive(message)) showConversations();
});

socket.on("online", (people) => {
  const before = state.online;
  state.online = new Map(people.map(({ id, nickname }) => [id, nickname]));
  for (const { id, nickname } of people) state.names.set(id, nickname);
  for (const [id, nickname] of before) if (!state.online.has(id)) leave(id, nickname);
  showConversation();
});

socket.on("joined", ({ id, nickname }) => {
  const before = state.online.get(id) ?? (leaving.has(id) ? state.names.get(id) : undefined);
  clearTimeout(leaving.get(id));
  leaving.delete(id);
  state.online.set(id, nickname);
  state.names.set(id, nickname);
  if (before === undefined) showEvent(`${nickname} joined`);
  else if (before !== nickname) showEvent(`${before} is now ${nickname}`);
  showConversations();
});

socket.on("left", ({ id, nickname }) => {
  state.online.delete(id);
  stopTyping(id);
  leave(id, nickname);
  showConversations();
});

socket.on("typing", ({ id, to }) => {
  clearTimeout(typing.get(id)?.timer);
  typing.set(id, { where: to === undefined ? null : id, timer: setTimeout(() => stopTyping(id), TYPING_LASTS) });
  showTyping();
});

ui.form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = ui.input.value.trim();
  if (text === "") return ui.input.focus();
  ui.notice.textContent = "";
  setInput("");
  toldTypingAt = 0;
  const message = draft(text, state.current);
  showWaiting(message);
  showEnds();
  say(message);
});

ui.input.addEventListener("input", () => {
  fitInput();
  if (ui.input.value === "" || Date.now() - toldTypingAt < TELL_TYPING_EVERY) return;
  toldTypingAt = Date.now();
  socket.volatile.emit("typing", ...(state.current === null ? [] : [state.current]));
});

// Enter sends, with Shift it is a new line; while a word is being composed it belongs to that.
ui.input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ui.form.requestSubmit();
});

ui.conversations.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  state.current = button.dataset.id === "" ? null : Number(button.dataset.id);
  see();
  showConversation();
  showTyping();
  showSide(false);
  ui.input.focus();
});

ui.earlier.addEventListener("click", () => {
  ui.earlier.disabled = true;
  socket.emit("earlier", state.messages[0]?.id ?? 0, (error, page) => {
    ui.earlier.disabled = false;
    if (error) return;
    const fromEnd = ui.scroller.scrollHeight - ui.scroller.scrollTop;
    takeEarlier(page);
    showMessages();
    ui.scroller.scrollTop = ui.scroller.scrollHeight - fromEnd;
    if (ui.earlier.hidden) ui.scroller.focus();
  });
});

ui.menu.addEventListener("click", () => {
  showSide(!document.body.classList.contains("side-open"));
  if (document.body.classList.contains("side-open")) ui.conversations.querySelector("[aria-current]")?.focus();
});
ui.main.addEventListener("click", ({ target }) => target.closest("#menu") || showSide(false));
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !document.body.classList.contains("side-open")) return;
  showSide(false);
  ui.menu.focus();
});

ui.rename.addEventListener("click", () => signIn());
ui.signInForm.addEventListener("submit", (event) => {
  event.preventDefault();
  me.nickname = ui.nickname.value.trim();
  ui.signInNotice.textContent = "";
  // The server hears names when somebody connects.
  socket.disconnect().connect();
});
ui.signIn.addEventListener("cancel", (event) => {
  if (!socket.connected) event.preventDefault();
});
ui.signIn.addEventListener("close", () => ui.input.focus());

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  see();
  showConversations();
  measure();
});
setInterval(() => document.hidden || measure(), MEASURE_EVERY);

showConversation();
for (const waiting of state.outbox) say(waiting);
if (me.nickname === "") signIn();
else socket.connect();

/** Sends a message until there is an answer, over whatever happens to the connection. */
function say(message) {
  socket.emit("chat message", message, (error, answer) => {
    settle(message.offset);
    hideWaiting(message.offset);
    showEnds();
    if (error || !answer.error) return;
    ui.notice.textContent = `Not sent: ${answer.error}.`;
    if (ui.input.value === "") setInput(message.text);
  });
}

/** A message is new here. Whether the list of conversations has to tell of it. */
function arrive(message) {
  const conversation = conversationOf(message);
  if (message.author.id === me.id) hideWaiting(message.offset);
  if (conversation === state.current) showMessage(message);
  const isSeen = message.author.id === me.id || (conversation === state.current && !document.hidden);
  if (!isSeen) state.unread.set(conversation, (state.unread.get(conversation) ?? 0) + 1);
  return !isSeen || conversation !== state.current;
}

/** What is in sight is read. */
function see() {
  state.unread.delete(state.current);
}

/** Somebody is away; the others are told if it stays so. */
function leave(id, nickname) {
  const tell = () => {
    leaving.delete(id);
    showEvent(`${nickname} left`);
  };
  clearTimeout(leaving.get(id));
  leaving.set(id, setTimeout(tell, LEFT_AFTER));
}

/** Forgets that this person types, or that anybody does. */
function stopTyping(id) {
  for (const [who, { timer }] of typing) {
    if (id !== undefined && who !== id) continue;
    clearTimeout(timer);
    typing.delete(who);
  }
  showTyping();
}

function showTyping() {
  const names = [...typing].filter(([, { where }]) => where === state.current).map(([id]) => state.names.get(id) ?? "Somebody");
  const [first, second] = names;
  const texts = ["", `${first} is typing…`, `${first} and ${second} are typing…`, "Several people are typing…"];
  ui.typing.textContent = texts[Math.min(names.length, 3)];
}

/** Asks for a name, and says what was wrong with the last one. */
function signIn(refusal = "") {
  if (!socket.active) showState("offline", "Not connected");
  ui.nickname.value = me.nickname || (remembered("localStorage", "nickname") ?? "");
  ui.signInNotice.textContent = refusal && `${refusal[0].toUpperCase()}${refusal.slice(1)}.`;
  if (!ui.signIn.open) ui.signIn.showModal();
  ui.nickname.select();
}

/** Measures the time from here to the server and back. */
function measure() {
  if (!socket.connected) return;
  const sentAt = performance.now();
  socket.volatile.timeout(MEASURE_EVERY).emit("round trip", (error) => {
    if (!error) showTransport(performance.now() - sentAt);
  });
}

function showTransport(roundTrip) {
  if (!socket.connected) return;
  const transport = socket.io.engine.transport.name === "websocket" ? "WebSocket" : "long-polling";
  showState("online", "Connected", roundTrip === undefined ? transport : `${transport} · ${Math.max(1, Math.round(roundTrip))} ms`);
  if (roundTrip === undefined) measure();
}

function setInput(text) {
  ui.input.value = text;
  fitInput();
}

/** As high as what is written, up to a limit in the style sheet. */
function fitInput() {
  ui.input.style.height = "auto";
  ui.input.style.height = `${ui.input.scrollHeight + ui.input.offsetHeight - ui.input.clientHeight}px`;
}
