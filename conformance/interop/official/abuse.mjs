//! The contract `abuse` on the official server, to prove the harness: what passes here and fails on ours is ours to mend.

import { createServer } from "node:http";
import { Server } from "socket.io";
import msgpack from "socket.io-msgpack-parser";

const slow = process.env.SLOWPING === "1";
const [main, second] = [createServer(health), createServer(health)];
const io = new Server(main, {
  allowEIO3: process.env.EIO3 === "1",
  pingInterval: slow ? 25_000 : 300,
  pingTimeout: slow ? 20_000 : 200,
  connectTimeout: slow ? 45_000 : 1_000,
  upgradeTimeout: slow ? 10_000 : 1_000,
  ...(process.env.CSR === "1" && {
    connectionStateRecovery: process.env.CSR_MS ? { maxDisconnectionDuration: Number(process.env.CSR_MS) } : {},
  }),
  ...(process.env.PARSER === "msgpack" && { parser: msgpack }),
  ...(process.env.DEFLATE === "1" && { perMessageDeflate: { threshold: 0 } }),
  ...(process.env.DENY === "1" && {
    allowRequest(request, decide) {
      const reason = new URL(request.url, "http://localhost").searchParams.get("deny");
      decide(reason, reason === null);
    },
  }),
});
io.engine.attach(second, { path: "/socket.io/" });

let runs = 0;
const namespaces = [io.of("/"), io.of("/custom"), io.of("/slow"), io.of(/^\/dyn-.+$/)];
io.of("/slow").use((_, next) => setTimeout(next, 200));
for (const namespace of namespaces) namespace.on("connection", serve);
io.of("/quiet").on("connection", share);

main.listen(Number(process.env.PORT), "127.0.0.1");
second.listen(Number(process.env.PORT), "::1");

function serve(socket) {
  socket.emit("auth", socket.handshake.auth);
  socket.on("message", (...args) => socket.emit("message-back", ...args));
  socket.on("message-with-ack", (...args) => args.pop()(...args));
  socket.on("emit-with-ack", (...args) => {
    socket.emit("emit-with-ack", ...args, (answer) => socket.emit("emit-with-ack", answer));
  });
  share(socket);
}

/** What a client does to others, and what it leaves behind. */
function share(socket) {
  socket.on("join", (room, ack) => {
    socket.join(room);
    ack("ok");
  });
  socket.on("room-send", (room, ...args) => socket.nsp.to(room).emit("room-msg", ...args));
  socket.on("broadcast", (...args) => socket.nsp.emit("bcast", ...args));
  socket.on("volatile", (...args) => socket.nsp.volatile.emit("bcast", ...args));
  socket.on("count", (ack) => ack(1));
  socket.on("remember", (value, ack) => {
    socket.data.value = value;
    ack();
  });
  socket.on("recall", (ack) => ack(socket.data.value ?? null));
  socket.on("once", (_, ack) => ack(runs++));
}

function health(request, response) {
  if (request.url !== "/healthz") return response.writeHead(404).end();
  const all = [...io._nsps.values()];
  const sum = (size) => all.reduce((total, namespace) => total + size(namespace), 0);
  response.writeHead(200, { "content-type": "application/json" });
  response.end(
    JSON.stringify({
      rss: process.memoryUsage().rss,
      clients: io.engine.clientsCount,
      sockets: sum((namespace) => namespace.sockets.size),
      rooms: sum((namespace) => namespace.adapter.rooms.size),
      tasks: 0,
    }),
  );
}
