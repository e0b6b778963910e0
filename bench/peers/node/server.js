// The peer socket.io on Node, with its default WebSocket engine, as its documentation shows it.
// `PORT`; the contract is in bench/README.md.
"use strict";
const { createServer } = require("node:http");
const { Server } = require("socket.io");

const http = createServer();
const io = new Server(http);

io.on("connection", (socket) => {
  socket.on("echo", (text) => socket.emit("echo", text));
  socket.on("ack", (text, answer) => answer(text));
  socket.on("bin", (bytes) => socket.emit("bin", bytes));
  socket.on("bcast", (text) => io.emit("bcast", text));
  socket.on("join", (room, answer) => {
    socket.join(room);
    answer();
  });
  socket.on("room", (room, text) => io.to(room).emit("room", text));
});

http.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
