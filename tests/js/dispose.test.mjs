/** Charts and clients that are given up leave nothing behind that the page would keep. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MyCharts, RTClient, State } from "../../site/static/js/rtc/index.js";
import { dynamicRender, fakeDocument, fakeElement, LABELS, REQUEST, startCharts, startDrawnChart, staticRender } from "./chart_harness.mjs";
import { record, startWelcomedClient, welcome } from "./client_harness.mjs";

const [, , LAST] = LABELS;
const DRAWN = { ...REQUEST, element: fakeElement() };

test("charts that are disposed of are given up, with their drawings, listeners and timers", () => {
  const document = fakeDocument();
  const { charts, network, echarts, observers, clock, render } = startCharts({ document });
  charts.request(DRAWN);
  charts.request({ ...REQUEST, chart_id: "data" });
  render(staticRender());
  document.become("hidden");
  const pending = clock.pending;
  charts.dispose();
  assert.deepEqual(network.socket.messages.slice(2).map(({ data }) => [data.type, data.chart_id]), [
    ["unlisten", "main"], ["unlisten", "data"],
  ]);
  assert.deepEqual([echarts.instances[0].isDisposed, observers[0].elements], [true, []]);
  assert.deepEqual([document.listeners, pending - clock.pending, charts.get("main")], [0, 3, undefined]);
});

test("what the server still sends, a lost connection and a page that is shown mean nothing to them", () => {
  const document = fakeDocument();
  const { charts, network, client, clock, render } = startCharts({ document });
  charts.request(DRAWN);
  charts.dispose();
  render(staticRender());
  network.socket.say("notice", { code: "lag", lagging: false });
  network.socket.hangUp(1006);
  clock.advance(500);
  welcome(network);
  document.become("hidden");
  clock.advance(5000);
  document.become("visible");
  assert.deepEqual([client.state, network.socket.sent], ["open", []]);
});

test("to dispose twice is to dispose once; to ask after that is an error that says so", () => {
  const { charts, network, client } = startDrawnChart();
  charts.dispose();
  charts.dispose();
  charts.unlisten("main");
  assert.equal(network.socket.messages.length, 2);
  for (const use of [() => charts.request(REQUEST), () => charts.setPalette({}), () => charts.setMaxRate("main", 1)]) {
    assert.throws(use, /this MyCharts was disposed of: make a new one/);
  }
  assert.equal(new MyCharts(client).request(REQUEST).chart_id, "main");
});

test("three hundred clients and charts that are closed leave no listener and no timer", () => {
  const document = fakeDocument();
  const { client, clock } = startWelcomedClient();
  client.close();
  for (let number = 0; number < 300; number += 1) {
    const one = startCharts({ document });
    one.charts.request(REQUEST);
    one.render(staticRender());
    one.render(dynamicRender([[2, LAST, 1]], { seq: 9 }));
    one.render(staticRender());
    one.render(dynamicRender([[2, LAST, 1]], { seq: 9 }));
    assert.ok(one.clock.pending > 0);
    one.client.close();
    assert.equal(one.clock.pending, 0);
  }
  assert.deepEqual([document.listeners, clock.pending], [0, 0]);
});

test("a listener that connects again after each end does not keep a client alive that is disposed of", (t) => {
  const { mock } = t.mock.method(console, "error", () => {});
  const { client, network, clock } = startWelcomedClient();
  client.on("closed", () => client.connect());
  client.dispose();
  assert.deepEqual([client.state, network.sockets.length, clock.pending], ["closed", 1, 0]);
  assert.match(String(mock.calls[0].arguments[0]), /disposed of/);
});

test("charts of a client that is closed rest, and go on with it", () => {
  const document = fakeDocument();
  const { charts, client, network, clock } = startCharts({ document });
  charts.request(DRAWN);
  client.close();
  client.connect();
  welcome(network);
  document.become("hidden");
  clock.advance(5000);
  assert.deepEqual(network.socket.messages.map(({ data }) => data.type), ["quote", "unlisten"]);
  assert.equal(document.listeners, 1);
});

test("charts that are made on a closed client leave the document alone until it connects", () => {
  const document = fakeDocument();
  const { client, network } = startWelcomedClient();
  client.close();
  new MyCharts(client, { document });
  assert.equal(document.listeners, 0);
  client.connect();
  network.socket.accept();
  assert.equal(document.listeners, 1);
});

test("a client that is disposed of closes, tells its listeners, and takes its charts with it", () => {
  const { client, charts, instance, network } = startDrawnChart();
  const seen = record(client, "state", "closed", "disposed", "notice");
  client.dispose();
  client.dispose();
  assert.deepEqual(seen.map(([event]) => event), ["state", "closed", "disposed"]);
  assert.deepEqual([client.state, instance.isDisposed, network.sockets.length], [State.CLOSED, true, 1]);
  for (const use of [() => client.connect(), () => client.on("open", () => {}), () => new MyCharts(client)]) {
    assert.throws(use, /this RTClient was disposed of: make a new one/);
  }
  assert.throws(() => charts.request(REQUEST), /was disposed of/);
  assert.equal(client.send("ping"), false);
});

test("a request on a client that was disposed of is rejected, and one that waits is, too", async () => {
  const { client } = startWelcomedClient();
  const waiting = client.request("ping");
  client.dispose();
  await assert.rejects(waiting, { code: "disconnected" });
  await assert.rejects(client.request("ping"), { code: "disconnected" });
});

test("a client that waits for its next attempt is disposed of, and makes none", () => {
  const { client, network, clock } = startWelcomedClient();
  network.socket.hangUp(1006);
  assert.ok(clock.pending > 0);
  client.dispose();
  assert.deepEqual([clock.pending, client instanceof RTClient], [0, true]);
});
