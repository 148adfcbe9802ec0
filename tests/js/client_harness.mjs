import { RTClient } from "../../site/static/js/rtc/index.js";
import { FakeClock } from "./fake_clock.mjs";
import { fakeNetwork } from "./fake_websocket.mjs";

export const USERINFO = {
  uid: "1-1",
  user: { id: 7, name: "demo" },
  server: { version: "0.1", epoch: "e1" },
  heartbeat_ms: 20_000,
};

/** A window or a document that notes who listens, and says what the test wants. */
export function fakeTarget(more = {}) {
  const listeners = [];
  return {
    ...more,
    addEventListener: (event, run) => void (listeners.some(([name, each]) => name === event && each === run) || listeners.push([event, run])),
    removeEventListener(event, run) {
      const index = listeners.findIndex(([name, each]) => name === event && each === run);
      if (index >= 0) listeners.splice(index, 1);
    },
    say: (event, data) => listeners.filter(([name]) => name === event).forEach(([, run]) => run(data)),
    get listeners() {
      return listeners.length;
    },
  };
}

/** A page that is seen, or not. */
export function fakePage(visibilityState = "visible") {
  const page = { window: fakeTarget(), document: fakeTarget({ visibilityState }) };
  const become = (state) => {
    page.document.visibilityState = state;
    page.document.say("visibilitychange");
  };
  return { ...page, become };
}

/** A client with a network and a clock of its own. `random` gives the most by default: delays are then known. */
export function startClient({ random = () => 1, storage = null, page = {}, sessionUrl, fetch = null, json } = {}) {
  const clock = new FakeClock();
  const network = fakeNetwork();
  const client = new RTClient({ url: "ws://test/rt/", WebSocket: network.WebSocket, clock, random, storage, page, sessionUrl, fetch, json });
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
