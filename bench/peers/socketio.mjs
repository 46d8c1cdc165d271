// A room of Socket.IO: everybody in it hears what anybody says. Says its port on stdout.
import { createServer } from "node:http";

import { Server } from "socket.io";

const http = createServer();
// No pings while something is measured: the subscribers do not answer those of Engine.IO.
const io = new Server(http, { pingInterval: 3_600_000, transports: ["websocket"], serveClient: false });
io.on("connection", (socket) => {
  socket.join("bench");
  socket.on("say", (text) => io.to("bench").emit("said", text));
});
http.listen(0, "127.0.0.1", 4096, () => process.stdout.write(`${http.address().port}\n`));
