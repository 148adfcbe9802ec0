import { RTClient } from "../../site/static/js/rtc/index.js";
import { FakeClock } from "./fake_clock.mjs";
import { fakeNetwork } from "./fake_websocket.mjs";

export const USERINFO = {
  uid: "1-1",
  user: { id: 7, name: "demo" },
  server: { version: "0.1", epoch: "e1" },
  heartbeat_ms: 20_000,
};

/** A client with a network and a clock of its own. `random` gives the most by default: delays are then known. */
export function startClient({ random = () => 1, storage = null } = {}) {
  const clock = new FakeClock();
  const network = fakeNetwork();
  const client = new RTClient({ url: "ws://test/rt/", WebSocket: network.WebSocket, clock, random, storage });
  return { clock, network, client };
}

/** The server takes the connection and introduces itself. */
export function welcome(network, userinfo = USERINFO) {
  network.socket.accept();
  network.socket.say("userinfo", userinfo);
}

export function startWelcomedClient(options) {
  const parts = startClient(options);
  welcome(parts.network);
  return parts;
}

/** All that a client, or a chart, emits for these events from now on: [event, ...args]. */
export function record(source, ...events) {
  const seen = [];
  for (const event of events) source.on(event, (...args) => seen.push([event, ...args]));
  return seen;
}
