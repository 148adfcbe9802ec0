import assert from "node:assert/strict";
import { test } from "node:test";
import { darkPalette, lightPalette, MyCharts } from "../../site/static/js/rtc/index.js";
import {
  dynamicRender, fakeDocument, fakeElement, fakeECharts, LABELS, PRICE_CHART, REQUEST, startCharts, startDrawnChart, staticRender,
} from "./chart_harness.mjs";
import { record, startWelcomedClient, USERINFO, welcome } from "./client_harness.mjs";

const [, , LAST] = LABELS;
const asked = (socket) => socket.messages.map(({ data }) => [data.type, data.chart_id]);

// What is sent.

test("a chart is asked for at once, with what was left out filled in", () => {
  const { charts, network } = startCharts();
  charts.request({ chart_id: "c", exchange: "X", item: "AAPL", date: "20130301" });
  const [{ type, data }] = network.socket.messages;
  const filled = { update: "dynamic", period: 0, shape: "line", indicators: [], corrections: true, sessions: true };
  assert.deepEqual([type, data], ["mycharts", { type: "quote", chart_id: "c", exchange: "X", item: "AAPL", date: "20130301", ...filled }]);
});

test("a quote without a date, a named period and a range are asked for as they are", () => {
  const { charts, network } = startCharts();
  const range = { period: "1M", from: "2024-01-05", to: 1767225600000, count: 24 };
  charts.request({ chart_id: "c", exchange: "X", item: "AAPL", update: "static", ...range });
  const filled = { update: "static", shape: "line", indicators: [], corrections: true, sessions: true };
  assert.deepEqual(network.socket.messages[0].data, { type: "quote", chart_id: "c", exchange: "X", item: "AAPL", ...range, ...filled });
});

test("what was asked for before there was a connection goes out once the server has said its first word", () => {
  const { charts, network } = startCharts({ isWelcome: false });
  charts.request(REQUEST);
  network.socket.accept();
  assert.deepEqual(network.socket.sent, []);
  network.socket.say("userinfo", USERINFO);
  assert.deepEqual(asked(network.socket), [["quote", "main"]]);
});

test("a chart that is asked for by a listener of the same userinfo goes out once", () => {
  const { client, network } = startWelcomedClient();
  network.socket.hangUp(1006);
  client.on("userinfo", () => charts.request(REQUEST));
  const charts = new MyCharts(client);
  client.connect();
  welcome(network);
  assert.deepEqual(asked(network.socket), [["quote", "main"]]);
});

test("after a reconnect every active chart is asked for again, and only those", () => {
  const { charts, network, clock } = startCharts();
  charts.request(REQUEST);
  charts.request({ ...REQUEST, chart_id: "other", indicators: ["sma:20"] });
  charts.request({ ...REQUEST, chart_id: "gone" });
  charts.unlisten("gone");
  const before = network.socket.messages;
  network.socket.hangUp(1006);
  clock.advance(500);
  welcome(network, { ...USERINFO, uid: "1-2" });
  assert.deepEqual(network.socket.messages.map(({ data }) => data), [before[0].data, before[1].data]);
});

test("a chart is found by its id until it is given up", () => {
  const { charts } = startCharts();
  const chart = charts.request(REQUEST);
  assert.equal(charts.get("main"), chart);
  charts.unlisten("main");
  assert.equal(charts.get("main"), undefined);
});

test("unlisten tells the server, once, and only about what it knows", () => {
  const { charts, network, clock } = startCharts();
  charts.request(REQUEST);
  charts.unlisten("main");
  charts.unlisten("main");
  charts.unlisten("never");
  assert.deepEqual(asked(network.socket), [["quote", "main"], ["unlisten", "main"]]);
  network.socket.hangUp(1006);
  clock.advance(500);
  network.socket.accept();
  charts.request(REQUEST);
  charts.unlisten("main");
  assert.deepEqual(network.socket.sent, []);
});

test("a chart of the same id takes the other's place", () => {
  const { charts, network, render, instance, chart } = startDrawnChart();
  const seen = record(chart, "render");
  const next = charts.request({ ...REQUEST, item: "GOOG" });
  render(staticRender());
  assert.deepEqual(asked(network.socket), [["quote", "main"], ["unlisten", "main"], ["quote", "main"]]);
  assert.deepEqual([instance.isDisposed, seen.length, next.series.length], [true, 0, 3]);
});

// What comes.

test("each render goes to its chart", () => {
  const { charts, render } = startCharts();
  const [one, other] = ["one", "other"].map((chart_id) => charts.request({ ...REQUEST, chart_id }));
  for (const chart_id of ["one", "other"]) render(staticRender(PRICE_CHART, { chart_id }));
  render(dynamicRender([[2, LAST, 777]], { chart_id: "other" }));
  assert.deepEqual([one.series[2].points().at(-1), other.series[2].points().at(-1)], [[LAST, 200], [LAST, 777]]);
});

test("the arriving price can be watched in the raw message", () => {
  const { render, chart } = startDrawnChart();
  let prices;
  chart.on("dynamic", (message) => (prices = message.chart.series));
  render(dynamicRender([[0, LAST + 1, 430.5, 430.5, 430.5, 430.5]]));
  assert.deepEqual(prices, [[0, LAST + 1, 430.5, 430.5, 430.5, 430.5]]);
});

test("renders for a chart that was given up, or never asked for, are ignored", () => {
  const { client, charts, render, chart, frames, instance } = startDrawnChart();
  const seen = record(chart, "render", "dynamic");
  charts.unlisten("main");
  for (const chart_id of ["main", "never"]) {
    render(staticRender(PRICE_CHART, { chart_id }));
    render(dynamicRender([[2, LAST, 1]], { chart_id }));
  }
  frames.run();
  assert.deepEqual([seen, instance.options.length, client.state], [[], 1, "open"]);
});

test("a message that is no render is somebody else's", () => {
  const { chart, network, render } = startDrawnChart();
  for (const data of [null, {}, { type: "quote", chart_id: "main" }]) render(data);
  network.socket.say("mycharts");
  assert.equal(chart.seq, 3);
});

test("the server's error about a request reaches its chart and no other", () => {
  const { charts, network } = startCharts();
  const seen = ["one", "other"].map((chart_id) => record(charts.request({ ...REQUEST, chart_id }), "error"));
  const { id } = network.socket.messages[1];
  network.socket.say("error", { code: "bad_request", message: "no such indicator", type: "mycharts" }, id);
  network.socket.say("error", { code: "internal", message: "something else", type: null });
  assert.deepEqual(seen.map((one) => one.map(([, error]) => error.code)), [[], ["bad_request"]]);
});

test("after a reconnect a chart keeps its picture until the new one is there", () => {
  const { chart, network, clock, render } = startDrawnChart();
  network.socket.hangUp(1006);
  clock.advance(500);
  welcome(network, { ...USERINFO, uid: "1-2" });
  assert.equal(chart.series.length, 3);
  render(dynamicRender([[2, LAST, 999]]));
  assert.deepEqual(chart.series[2].points().at(-1), [LAST, 200]);
  render(staticRender(PRICE_CHART, { seq: 1 }));
  render(dynamicRender([[2, LAST, 5]], { seq: 2 }));
  assert.deepEqual([chart.series[2].points().at(-1), chart.seq], [[LAST, 5], 2]);
});

// Where it is drawn.

test("a chart without an element keeps its data and needs no ECharts", () => {
  const { client, network, clock } = startWelcomedClient();
  const chart = new MyCharts(client, { clock }).request(REQUEST);
  network.socket.say("mycharts", staticRender());
  assert.equal(chart.series.length, 3);
});

test("an element needs ECharts, and a page without says what is missing before anything is sent", () => {
  const { client, network } = startWelcomedClient();
  assert.throws(() => new MyCharts(client).request({ ...REQUEST, element: {} }), /needs ECharts/);
  assert.deepEqual(network.socket.sent, []);
});

test("ECharts is the page's global one where none was passed, and an element may be named by its id", (t) => {
  t.after(() => {
    delete globalThis.echarts;
    delete globalThis.document;
  });
  const place = fakeElement();
  globalThis.echarts = fakeECharts();
  globalThis.document = { ...fakeDocument(), getElementById: (id) => (id === "place" ? place : null) };
  const charts = new MyCharts(startWelcomedClient().client);
  charts.request({ ...REQUEST, element: "place" });
  assert.equal(globalThis.echarts.instances[0].element, place);
  assert.throws(() => charts.request({ ...REQUEST, element: "nowhere" }), /no element with the id nowhere/);
});

test("colours follow the browser's wish, unless the page has its own", (t) => {
  t.after(() => delete globalThis.matchMedia);
  for (const [matches, expected] of [[true, darkPalette], [false, lightPalette]]) {
    globalThis.matchMedia = () => ({ matches });
    const { instance } = startDrawnChart();
    assert.equal(instance.options[0].textStyle.color, expected.text);
  }
});

test("other colours are drawn in the next frame, in every chart that is drawn", () => {
  const { charts, frames, instance } = startDrawnChart();
  charts.request({ ...REQUEST, chart_id: "data only" });
  charts.setPalette(darkPalette);
  assert.equal(instance.options.length, 1);
  frames.run();
  assert.equal(instance.options[1].textStyle.color, darkPalette.text);
});

test("the trading days of a picture, of an older page and of a session are those of the axis", async () => {
  const { charts, network, render } = startCharts();
  const chart = charts.request({ ...REQUEST, date: undefined });
  const [first, ...others] = LABELS;
  const day = (number) => Date.UTC(2013, 3, number);
  const heading = (label) => / \(trading day (.*)\)$/.exec(chart.labelFormat().full(label))?.[1];
  render({ ...staticRender({ ...PRICE_CHART, xAxis: { ...PRICE_CHART.xAxis, days: [[first, day(2)]] } }), older: true });
  render({ type: "session", exchange: "DEMO", is_open: true, since: others[1], until: null, days: [[others[1], day(3)]] });
  assert.deepEqual(LABELS.map(heading), ["2013-04-02", "2013-04-02", "2013-04-03"]);
  const loading = chart.loadOlder();
  const { id } = network.socket.messages.at(-1);
  const series = PRICE_CHART.series.map((each) => ({ ...each, data: [[first - 60_000, 1, 1, 1, 1]] }));
  const page = { ...PRICE_CHART, xAxis: { data: [first - 60_000], days: [[first - 60_000, day(1)]] }, series };
  network.socket.say("mycharts", { type: "more", chart_id: "main", before: first, older: false, chart: page }, id);
  await loading;
  assert.equal(heading(first - 60_000), "2013-04-01");
});
