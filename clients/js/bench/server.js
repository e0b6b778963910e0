// What the clients of `bench.js` talk to: the official server.

import { Server } from "socket.io";

const io = new Server({ perMessageDeflate: false, pingInterval: 60_000 });
io.on("connection", (socket) => {
  socket.on("flush", (done) => done());
  socket.on("send me", async (count, payload) => {
    for (let sent = 0; sent < count; ) {
      for (let burst = 0; burst < 100; burst++, sent++) socket.emit("event", sent, payload);
      await new Promise(setImmediate);
    }
  });
});
io.listen(0);
console.log(`http://127.0.0.1:${io.httpServer.address().port}`);
