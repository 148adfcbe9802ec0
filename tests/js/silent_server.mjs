/**
 * Calls to a server that takes connections and never says anything, by the WebSocket that Node brings. Says what it is
 * told; run by a test.
 */
import { createHash } from "node:crypto";
import http from "node:http";
import { PrimProxy } from "./generated/vec.js";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const server = http.createServer();
server.on("upgrade", ({ headers }, socket) => {
  console.log("connected");
  socket.on("error", () => {});
  const accept = createHash("sha1").update(headers["sec-websocket-key"] + GUID).digest("base64");
  const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n"));
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const prx = PrimProxy.create(`ws://127.0.0.1:${server.address().port}/`);
const next = (event) => new Promise((done) => prx.conn.on(event, done));
const [opened, closed] = [next("open"), next("close")];
prx.conn.connect();
await opened;
await prx.nop({ timeout: 0.1 }).catch((error) => console.log(error.name));
console.log((await closed).reason);
const openedAnew = next("open");
prx.nop().catch(() => {});
await openedAnew;
process.exit();
