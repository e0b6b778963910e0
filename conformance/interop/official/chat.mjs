//! The least chat that keeps the contract of browser/chat.mjs, on the official server: it proves the harness.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Server } from "socket.io";

const PAGE = `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Chat</title>
<ul id="messages"></ul>
<form id="form"><input id="nickname"><input id="input"><button>Send</button></form>
<script src="/socket.io/socket.io.js"></script>
<script>
  const socket = io({ reconnectionDelay: 50, reconnectionDelayMax: 100 });
  const [list, form, nickname, input] = ["messages", "form", "nickname", "input"].map((id) => document.getElementById(id));
  const add = ({ name, text }) => (list.appendChild(document.createElement("li")).textContent = name + ": " + text);
  socket.on("history", (messages) => (list.replaceChildren(), messages.forEach(add)));
  socket.on("message", add);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    socket.emit("message", { name: nickname.value, text: input.value });
    input.value = "";
  });
</script>`;

const store = process.env.CHAT_DB;
const history = existsSync(store) ? readFileSync(store, "utf8").trim().split("\n").map((line) => JSON.parse(line)) : [];

const http = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(PAGE));
const io = new Server(http);
io.on("connection", (socket) => {
  socket.emit("history", history);
  socket.on("message", (message) => {
    history.push(message);
    appendFileSync(store, `${JSON.stringify(message)}\n`);
    io.emit("message", message);
  });
});
http.listen(Number(process.env.PORT), "127.0.0.1");
