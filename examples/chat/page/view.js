// What a tab shows: the conversation, the list of conversations, the states. What comes from others is only ever text.

"use strict";

/** How far from the end one may be and still follow it, in pixels. */
const FOLLOW = 80;

const ui = Object.fromEntries(
  [...document.querySelectorAll("[id]")].map((element) => [element.id.replace(/-./g, ([, c]) => c.toUpperCase()), element]),
);
const pageTitle = document.title;

/** Whether the end is to stay in sight: not while somebody reads further up. */
let follows = true;

ui.scroller.addEventListener("scroll", () => {
  follows = ui.scroller.scrollHeight - ui.scroller.scrollTop - ui.scroller.clientHeight < FOLLOW;
  if (follows) ui.newest.hidden = true;
});
ui.newest.addEventListener("click", scrollToEnd);

// A keyboard that slides in, or a notice, takes its room from the list.
new ResizeObserver(() => follows && scrollToEnd()).observe(ui.scroller);

/** Shows the current conversation from its beginning. */
function showConversation() {
  const { current } = state;
  const name = current === null ? "everyone" : state.names.get(current);
  ui.title.textContent = current === null ? "Everyone" : name;
  ui.inputLabel.textContent = ui.input.placeholder = `Message to ${name}`;
  showMessages();
  showOutbox();
  showConversations();
  ui.newest.hidden = true;
  scrollToEnd();
}

function showMessages() {
  ui.messages.setAttribute("aria-busy", "true");
  ui.messages.replaceChildren();
  let last;
  for (const message of state.messages) {
    if (conversationOf(message) !== state.current) continue;
    ui.messages.append(itemOf(message, last));
    last = message;
  }
  ui.messages.setAttribute("aria-busy", "false");
  showEnds();
}

/** Shows one more message of the current conversation. */
function showMessage(message) {
  const isNotice = ui.messages.lastElementChild?.classList.contains("event");
  const last = isNotice ? undefined : state.messages.findLast((other) => other.id < message.id && conversationOf(other) === state.current);
  ui.messages.append(itemOf(message, last));
  while (ui.messages.childElementCount > 2 * KEPT) ui.messages.firstElementChild.remove();
  showEnds();
  if (follows || message.author.id === me.id) scrollToEnd();
  else ui.newest.hidden = false;
}

/** Shows what happened in between: somebody came, somebody left. */
function showEvent(text) {
  ui.messages.append(element("li", text, { className: "event", dir: "auto" }));
  showEnds();
  if (follows) scrollToEnd();
}

function showEnds() {
  ui.earlier.hidden = !state.earlier;
  const isEmpty = ui.messages.childElementCount + ui.outbox.childElementCount === 0;
  ui.empty.hidden = state.serverOffset === null || !isEmpty;
}

/** Messages that are on their way, below the others. */
function showOutbox() {
  ui.outbox.replaceChildren();
  for (const waiting of state.outbox) showWaiting(waiting);
  showEnds();
}

/** Shows one more message that is on its way. */
function showWaiting({ offset, text, to = null }) {
  if (to !== state.current) return;
  const item = element("li");
  item.dataset.offset = offset;
  item.append(badgeOf(me), element("p", text, { dir: "auto" }), element("span", "Sending…", { className: "when" }));
  ui.outbox.append(item);
  scrollToEnd();
}

/** A message is on its way no more. */
function hideWaiting(offset) {
  for (const item of ui.outbox.children) {
    if (item.dataset.offset !== offset) continue;
    item.remove();
    break;
  }
}

function itemOf(message, last) {
  const { author } = message;
  const sentAt = new Date(message.sentAt);
  const name = element("strong", author.nickname, { dir: "auto" });
  const time = element("time", clock(sentAt), { className: "when", dateTime: sentAt.toISOString(), title: sentAt.toLocaleString() });
  const item = element("li");
  item.dataset.id = message.id;
  item.style.setProperty("--hue", hue(author.id));
  const goesOn = last?.author.id === author.id && last.author.nickname === author.nickname && message.sentAt - last.sentAt < 300_000;
  item.classList.toggle("goes-on", goesOn);
  item.append(badgeOf(author), name, " ", time, " ", element("p", message.text, { dir: "auto" }));
  return item;
}

/** Everyone, and a line for each person who is here or has written to us. */
function showConversations() {
  const people = new Set(state.messages.map(conversationOf).filter((id) => id !== null && id !== me.id));
  for (const id of state.online.keys()) if (id !== me.id) people.add(id);
  if (state.current !== null) people.add(state.current);
  const nameOf = (id) => state.names.get(id) ?? "";
  const ids = [null, ...[...people].sort((a, b) => state.online.has(b) - state.online.has(a) || nameOf(a).localeCompare(nameOf(b)))];
  // Whoever has the focus on a line keeps it.
  const focused = ui.conversations.contains(document.activeElement) ? document.activeElement.dataset.id : undefined;
  ui.conversations.replaceChildren(...ids.map(conversationItem));
  if (focused !== undefined) ui.conversations.querySelector(`[data-id="${focused}"]`)?.focus();

  const { current } = state;
  const count = state.online.size;
  ui.subtitle.textContent =
    current === null ? (count === 0 ? "" : count === 1 ? "Only you are here" : `${count} people here`) : state.online.has(current) ? "Private · online" : "Private · not here now";
  const unread = [...state.unread.values()].reduce((sum, n) => sum + n, 0);
  document.title = unread > 0 ? `(${unread}) ${pageTitle}` : pageTitle;
  ui.menuUnread.hidden = unread === 0;
  ui.menuUnread.textContent = unread;
}

function conversationItem(id) {
  const isHere = id === null || state.online.has(id);
  const name = id === null ? "Everyone" : state.names.get(id);
  const button = element("button", undefined, { type: "button" });
  button.dataset.id = id ?? "";
  if (id === state.current) button.setAttribute("aria-current", "true");
  button.append(id === null ? element("span", "#", { className: "badge all", ariaHidden: "true" }) : badgeOf({ id, nickname: name }));
  button.append(element("span", name, { className: "name", dir: "auto" }));
  if (id !== null) button.append(element("span", isHere ? "online" : "away", { className: isHere ? "presence here" : "presence" }));
  const unread = state.unread.get(id);
  if (unread) {
    button.append(element("span", unread, { className: "count" }), element("span", "unread", { className: "hidden" }));
  }
  const item = element("li");
  item.append(button);
  return item;
}

function badgeOf({ id, nickname }) {
  const badge = element("span", [...nickname][0]?.toUpperCase(), { className: "badge", ariaHidden: "true" });
  badge.style.setProperty("--hue", hue(id));
  return badge;
}

/** An element with a text in it, which is never read as markup. */
function element(tag, text, properties = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The time of day, after the date if that is not today's. */
function clock(time) {
  const today = time.toDateString() === new Date().toDateString();
  return time.toLocaleString(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

/** A colour for a person, the same on every page: an angle in degrees. The golden angle keeps neighbours apart. */
function hue(id) {
  return Math.round((id * 137.508) % 360);
}

/** `kind` is `online`, `waiting` or `offline`. */
function showState(kind, text, detail = "") {
  ui.state.dataset.state = kind;
  if (ui.stateText.textContent !== text) ui.stateText.textContent = text;
  ui.stateDetail.textContent = detail;
}

function scrollToEnd() {
  ui.scroller.scrollTop = ui.scroller.scrollHeight;
}

/** Opens or closes the list of conversations, where it has no place beside the messages. */
function showSide(open) {
  document.body.classList.toggle("side-open", open);
  ui.menu.setAttribute("aria-expanded", open);
}
