/** The classic script does what the modules do, without touching the page until it is used. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";
import * as modules from "../../site/static/js/rtc/index.js";
import { FakeClock } from "./fake_clock.mjs";
import { fakeNetwork } from "./fake_websocket.mjs";

const source = readFileSync(new URL("../../site/static/js/rtc/rtc.bundle.js", import.meta.url), "utf8");

function runBundle(globals = {}) {
  const page = vm.createContext(globals);
  vm.runInContext(source, page);
  return page;
}

test("the bundle is one global with the names of the modules", () => {
  const page = runBundle();
  assert.deepEqual(Object.keys(page), ["rtc"]);
  assert.deepEqual(Object.keys(page.rtc).sort(), Object.keys(modules).sort());
  assert.equal(JSON.stringify(page.rtc.CloseCode), JSON.stringify(modules.CloseCode));
});

test("a client and charts of the bundle work", () => {
  const { rtc } = runBundle({ URL });
  const network = fakeNetwork();
  const client = new rtc.RTClient({ url: "ws://test/rt/", WebSocket: network.WebSocket, clock: new FakeClock() });
  network.socket.accept();
  network.socket.say("userinfo", { uid: "1", heartbeat_ms: 1000 });
  new rtc.MyCharts(client).request({ chart_id: "c", exchange: "X", item: "Y", date: "20130301" });
  assert.equal(network.socket.messages[0].data.chart_id, "c");
});
