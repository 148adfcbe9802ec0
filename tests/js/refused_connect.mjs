/** Calls where nobody listens, by the WebSocket that Node brings. Says what it is told; run by a test. */
import net from "node:net";
import { RTClient } from "../../site/static/js/rtc/index.js";
import { PrimProxy } from "./generated/vec.js";

const url = await new Promise((done) => {
  const server = net.createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => done(`ws://127.0.0.1:${port}/`));
  });
});
const prx = PrimProxy.create(url, { timeout: 60, connectTimeout: 60 });
prx.conn.on("close", ({ code }) => console.log("close", code));
await prx.echo_string("x").catch((error) => console.log(error.name));
const client = new RTClient({ url });
const end = client.on("close", ({ code }) => {
  console.log("RTClient: close", code);
  end();
  client.close();
});
