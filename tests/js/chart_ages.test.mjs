/** Charts whose quotes fall silent, on a connection that does or does not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dynamicRender, fakeDocument, LABELS, REQUEST, startCharts, startDrawnChart, staticRender } from "./chart_harness.mjs";
import { record } from "./client_harness.mjs";

const [, , LAST] = LABELS;

/** A tick each second, of the charts with these ids. */
function tick({ clock, render }, count, ...chart_ids) {
  for (let each = 0; each < count; each += 1) {
    clock.advance(1000);
    for (const chart_id of chart_ids) render(dynamicRender([[0, LAST, 1, 2, 0, 3]], { chart_id, seq: 4 + each, prev_seq: 3 + each }));
  }
}

function startLiveChart(options) {
  const parts = startDrawnChart(options);
  tick(parts, 10, "main");
  parts.network.socket.sent.length = 0;
  return parts;
}

const texts = (seen) => seen.map(([, { ms, isStale }]) => (isStale ? Math.floor(ms / 1000) : "live"));

test("a quote that falls silent is stale after ten seconds, older each second, and live again with the next tick", () => {
  const parts = startLiveChart();
  const { chart, clock } = parts;
  const seen = record(chart, "age");
  clock.advance(9000);
  assert.deepEqual([seen, chart.age], [[], { ms: 0, isStale: false, isClosed: false }]);
  clock.advance(3500);
  assert.deepEqual(texts(seen), [10, 11, 12]);
  assert.ok(chart.age.isStale);
  tick(parts, 1, "main");
  assert.deepEqual(texts(seen), [10, 11, 12, 13, "live"]);
});

test("a render without rows says that the quote is alive: nothing is stale, and nothing is missing", () => {
  const parts = startLiveChart();
  const { chart, clock, render } = parts;
  const seen = record(chart, "age");
  for (let each = 0; each < 5; each += 1) {
    clock.advance(4000);
    render(dynamicRender([], { seq: chart.seq, prev_seq: chart.seq }));
  }
  assert.deepEqual([seen, chart.hasGap, parts.network.socket.sent], [[], false, []]);
  clock.advance(15_500);
  assert.deepEqual(texts(seen), [35]);
  render(dynamicRender([], { seq: chart.seq, prev_seq: chart.seq }));
  assert.deepEqual(texts(seen), [35, "live"]);
});

test("a clock that is set back makes nothing young: the quote falls silent when it would have, and is as old", () => {
  const parts = startLiveChart();
  const { chart, clock } = parts;
  const seen = record(chart, "age");
  clock.advance(5000);
  clock.setBack(3_600_000);
  clock.advance(7500);
  assert.deepEqual(texts(seen), [10, 11, 12]);
  clock.setBack(3_600_000);
  clock.advance(1000);
  assert.deepEqual(texts(seen), [10, 11, 12, 13]);
});

test("nor does it on a connection on which nothing comes", () => {
  const { chart, clock, network } = startLiveChart();
  network.socket.hangUp(1006);
  clock.advance(1000);
  clock.setBack(3_600_000);
  clock.advance(10_000);
  assert.ok(chart.age.isStale);
});

test("a drawn chart shows it: a grey line that says how old the price is", () => {
  const { clock, frames, instance } = startLiveChart();
  frames.run();
  const [live, drawings] = [instance.lastPrice.color, instance.options.length];
  clock.advance(12_500);
  frames.run();
  assert.match(instance.lastPrice.text, /\n12 s ago$/);
  assert.notEqual(instance.lastPrice.color, live);
  assert.equal(instance.options.length, drawings); // nothing else is drawn for it
});

test("all charts have one timer, and a message touches none", () => {
  const parts = startCharts();
  const { charts, clock, render } = parts;
  const before = clock.pending;
  const ids = Array.from({ length: 40 }, (_, index) => `c${index}`);
  for (const chart_id of ids) charts.request({ ...REQUEST, chart_id });
  for (const chart_id of ids) render(staticRender(undefined, { chart_id }));
  assert.equal(clock.pending - before, 1);
  const armed = clock.armed;
  tick(parts, 1, ...ids);
  assert.equal(clock.armed, armed);
});

test("charts without a price have no timer", () => {
  const { charts, clock, render } = startCharts();
  const before = clock.pending;
  charts.request(REQUEST);
  render(staticRender({ legends: [], xAxis: { data: [] }, yAxis: [{ name: "price" }], series: [] }));
  assert.equal(clock.pending, before);
});

test("while the connection is silent the ages of all charts run, also of those that come seldom", () => {
  const parts = startCharts();
  const { charts, client, clock, render, network } = parts;
  const chart = charts.request(REQUEST);
  const labels = LABELS.map((_, index) => clock.wallNow() - (2 - index) * 3_600_000);
  const data = labels.map((label) => [label, 1, 1, 1, 1]);
  render(staticRender({ legends: [], xAxis: { data: labels }, yAxis: [{ name: "price" }], series: [{ name: "A", type: "candlestick", data }] }));
  const seen = record(chart, "age");
  clock.advance(15_000);
  network.socket.say("ping", "pong");
  assert.deepEqual([client.state, seen], ["open", []]);
  network.socket.hangUp(1006);
  clock.advance(12_000);
  assert.deepEqual([chart.age.isStale, texts(seen).at(-1)], [true, 26]);
  network.socket.accept();
  assert.ok(!chart.age.isStale);
});

test("a client that is closed leaves no timer, and prices that are not live", () => {
  const { client, chart, clock } = startLiveChart();
  client.close();
  clock.advance(6000); // the pauses after texts of a drawn chart
  assert.deepEqual([chart.age, clock.pending], [{ ms: null, isStale: true, isClosed: false }, 0]);
});

test("a hidden page has no timer for ages, and knows them when it is seen", () => {
  const document = fakeDocument();
  const { chart, clock, network } = startLiveChart({ document });
  const seen = record(chart, "age");
  document.become("hidden");
  for (let second = 0; second < 60; second += 1) {
    clock.advance(1000);
    network.socket.say("ping", "pong");
  }
  assert.deepEqual(seen, []);
  document.become("visible");
  assert.deepEqual(texts(seen), [60]);
});

// Refusals.

function startRefused(listen) {
  const warnings = [];
  const parts = startCharts({ warn: (text) => warnings.push(text) });
  const chart = parts.charts.request(REQUEST);
  if (listen) chart.on("error", () => {});
  const { id } = parts.network.socket.messages.at(-1);
  parts.network.socket.say("error", { code: "forbidden", message: "not your quote", type: "mycharts" }, id);
  return warnings;
}

test("a chart that is refused warns with its id, the code and the reason where nobody listens", () => {
  assert.deepEqual(startRefused(false), ['rtserver: chart "main" was refused, forbidden: not your quote']);
  assert.deepEqual(startRefused(true), []);
});

/** What the server says about the exchange of REQUEST. */
const session = (is_open, since, until, more = {}) => ({ type: "session", exchange: "DEMO", is_open, since, until, ...more });
const HOUR = 3_600_000;
const states = (seen) => seen.map(([, { isStale, isClosed }]) => (isClosed ? "closed" : isStale ? "stale" : "live"));

test("a closed market is not stale: the server says when it closes, and after the next open silence begins anew", () => {
  const parts = startLiveChart();
  const { chart, clock, network, render } = parts;
  const seen = record(chart, "age");
  const closing = clock.wallNow();
  render(session(false, closing, closing + HOUR));
  for (let each = 0; each < 900; each += 1) {
    clock.advance(4000);
    network.socket.say("ping", "pong");
  }
  assert.deepEqual(states(seen), ["closed"]);
  render(session(true, closing + HOUR, closing + 2 * HOUR));
  clock.advance(4000);
  network.socket.say("ping", "pong");
  clock.advance(5000);
  assert.deepEqual(states(seen), ["closed", "live"]);
  clock.advance(1500);
  assert.deepEqual([states(seen).at(-1), Math.floor(chart.age.ms / 60_000)], ["stale", 60]);
});

test("a stale price is not any more when the market closes, nor is that of another exchange", () => {
  const parts = startLiveChart();
  const { chart, clock, render } = parts;
  clock.advance(12_500);
  const seen = record(chart, "age");
  render({ ...session(false, 0, HOUR), exchange: "OTHER" });
  assert.deepEqual(seen, []);
  render(session(false, clock.wallNow(), clock.wallNow() + HOUR));
  assert.deepEqual(states(seen), ["closed"]);
});

test("without a connection a market is closed as long as the server has said", () => {
  const { chart, clock, network, render } = startLiveChart();
  render(session(false, clock.wallNow(), clock.wallNow() + 30_000));
  network.socket.hangUp(1006);
  clock.advance(25_000);
  assert.deepEqual(chart.age, { ms: 0, isStale: false, isClosed: true });
  clock.advance(15_000);
  assert.deepEqual([chart.age.isStale, chart.age.isClosed], [true, false]);
});

test("a page that is opened at night says at once that the market is closed; a server that knows no sessions any more ends that", () => {
  const { charts, clock, render } = startCharts();
  const chart = charts.request(REQUEST);
  render(session(false, clock.wallNow() - HOUR, clock.wallNow() + HOUR));
  render(staticRender());
  clock.advance(3500);
  assert.deepEqual(chart.age, { ms: 0, isStale: false, isClosed: true });
  chart.onRequested();
  render(staticRender());
  assert.deepEqual([chart.age.isClosed, chart.session], [false, null]);
});

test("a drawn chart of a closed market says so beside its price, and in words", () => {
  const { clock, frames, instance, render } = startLiveChart();
  render(session(false, clock.wallNow(), clock.wallNow() + HOUR));
  frames.run();
  assert.match(instance.lastPrice.text, /\nclosed$/);
  clock.advance(3000);
  assert.match(instance.element.getAttribute("aria-label"), / \(closed\), change /);
});

test("a closed market leaves one timer, which runs every ten seconds at most", () => {
  const { clock, render } = startLiveChart();
  render(session(false, clock.wallNow() - 1000, clock.wallNow() - 500)); // this clock is ahead of the server's
  const armed = clock.armed;
  clock.advance(60_000);
  assert.ok(clock.armed - armed <= 40, `${clock.armed - armed}`);
});
