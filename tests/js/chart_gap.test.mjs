/** What a chart misses is seen, and mended by a fresh picture. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Chart } from "../../site/static/js/rtc/index.js";
import { dynamicRender, LABELS, PRICE_CHART, REQUEST, startCharts, staticRender } from "./chart_harness.mjs";
import { record, USERINFO, welcome } from "./client_harness.mjs";

const [, , LAST] = LABELS;
const NEXT = [[2, LAST, 7]];

/** A chart with a picture of seq 3; what was sent for that is forgotten. */
function startShownChart(options) {
  const parts = startCharts(options);
  const chart = parts.charts.request(REQUEST);
  parts.render(staticRender());
  const sent = () => parts.network.socket.messages.slice(1).map(({ data }) => data.type);
  const lag = (lagging) => parts.network.socket.say("notice", { code: "lag", lagging });
  return { ...parts, chart, sent, lag };
}

// What a gap is.

test("messages that follow one another leave no gap, however many points each has", () => {
  const chart = new Chart(REQUEST, 10);
  chart.onRender(staticRender());
  for (const [prev_seq, seq] of [[3, 4], [4, 9], [9, 10]]) chart.onRender(dynamicRender(NEXT, { prev_seq, seq }));
  assert.deepEqual([chart.hasGap, chart.seq], [false, 10]);
});

test("a message that does not follow the last one leaves a gap, and is shown all the same", () => {
  for (const [prev_seq, seq] of [[4, 5], [2, 4], [0, 1]]) {
    const chart = new Chart(REQUEST, 10);
    const seen = record(chart, "dynamic");
    chart.onRender(staticRender());
    chart.onRender(dynamicRender(NEXT, { prev_seq, seq }));
    assert.deepEqual([chart.hasGap, chart.series[2].points().at(-1), seen.length], [true, [LAST, 7], 1]);
  }
});

test("another epoch is a gap even where the numbers fit", () => {
  const chart = new Chart(REQUEST, 10);
  chart.onRender(staticRender());
  chart.onRender(dynamicRender(NEXT, { epoch: "e2" }));
  assert.equal(chart.hasGap, true);
});

test("a gap stays until there is a picture, also if what follows fits", () => {
  const chart = new Chart(REQUEST, 10);
  chart.onRender(staticRender());
  chart.onRender(dynamicRender(NEXT, { prev_seq: 5, seq: 6 }));
  chart.onRender(dynamicRender(NEXT, { seq: 7 }));
  assert.equal(chart.hasGap, true);
  chart.onRender(staticRender(PRICE_CHART, { seq: 7, epoch: "e2" }));
  chart.onRender(dynamicRender(NEXT, { seq: 8, epoch: "e2" }));
  assert.equal(chart.hasGap, false);
});

test("a server that does not number its messages leaves no gaps", () => {
  const chart = new Chart(REQUEST, 10);
  chart.onRender({ ...staticRender(), epoch: undefined });
  chart.onRender({ ...dynamicRender(NEXT, { seq: 9 }), prev_seq: undefined, epoch: undefined });
  assert.equal(chart.hasGap, false);
});

// What is done about it.

test("a gap is mended by the same request once more", () => {
  const { network, render, sent, chart } = startShownChart();
  render(dynamicRender(NEXT, { seq: 9 }));
  assert.deepEqual(sent(), ["quote"]);
  const [first, second] = network.socket.messages;
  assert.deepEqual(second.data, first.data);
  assert.notEqual(second.id, first.id);
  render(staticRender(PRICE_CHART, { seq: 9 }));
  render(dynamicRender(NEXT, { seq: 10 }));
  assert.deepEqual([chart.hasGap, chart.seq, sent().length], [false, 10, 1]);
});

test("what still comes of the request before does not count, and does not ask again", () => {
  const { render, sent, chart, clock } = startShownChart();
  render(dynamicRender(NEXT, { seq: 9 }));
  render(dynamicRender([[2, LAST, 999]], { seq: 20 }));
  render(dynamicRender([[2, LAST, 999]], { seq: 30 }));
  clock.advance(15_000);
  assert.deepEqual([sent().length, chart.series[2].points().at(-1), chart.seq], [1, [LAST, 7], 9]);
});

test("while the client lags nothing is asked for; when it has caught up each chart is, once", () => {
  const { charts, render, network, sent, lag, clock } = startShownChart();
  charts.request({ ...REQUEST, chart_id: "other" });
  render(staticRender(PRICE_CHART, { chart_id: "other" }));
  charts.request({ ...REQUEST, chart_id: "whole" });
  render(staticRender(PRICE_CHART, { chart_id: "whole" }));
  const before = sent().length;
  lag(true);
  for (const seq of [9, 20, 31]) {
    for (const chart_id of ["main", "other"]) render(dynamicRender(NEXT, { chart_id, seq }));
  }
  clock.advance(15_000);
  assert.equal(sent().length, before);
  lag(false);
  const asked = network.socket.messages.slice(1 + before).map(({ data }) => [data.type, data.chart_id]);
  assert.deepEqual(asked, [["quote", "main"], ["quote", "other"]]);
});

test("a chart that is asked for during a lag knows of the lag", () => {
  const { charts, render, sent, lag } = startShownChart();
  lag(true);
  charts.request({ ...REQUEST, chart_id: "late" });
  render(staticRender(PRICE_CHART, { chart_id: "late" }));
  const before = sent().length;
  render(dynamicRender(NEXT, { chart_id: "late", seq: 9 }));
  assert.equal(sent().length, before);
  lag(false);
  assert.equal(sent().length, before + 1);
});

test("a client that has gap after gap asks ever more seldom", () => {
  const { render, sent, clock } = startShownChart();
  for (let second = 0; second < 60; second += 1) {
    render(dynamicRender(NEXT, { seq: 10 * second + 10 }));
    render(staticRender(PRICE_CHART, { seq: 10 * second + 10 }));
    clock.advance(1000);
  }
  assert.ok(sent().filter((type) => type === "quote").length < 8, sent().join());
});

test("a new connection forgets the lag of the one before, and asks for every chart once", () => {
  const { network, render, lag, clock } = startShownChart();
  lag(true);
  render(dynamicRender(NEXT, { seq: 9 }));
  network.socket.hangUp(1006);
  clock.advance(500);
  welcome(network, { ...USERINFO, uid: "1-2" });
  clock.advance(15_000);
  assert.equal(network.socket.messages.filter(({ type }) => type === "mycharts").length, 1);
  render(staticRender(PRICE_CHART, { seq: 9 }));
  render(dynamicRender(NEXT, { seq: 20 }));
  assert.equal(network.socket.messages.filter(({ type }) => type === "mycharts").length, 2);
});

test("a chart that was given up, or replaced, is not asked for again", () => {
  const { charts, render, sent, lag, clock } = startShownChart();
  lag(true);
  render(dynamicRender(NEXT, { seq: 9 }));
  charts.unlisten("main");
  lag(false);
  clock.advance(15_000);
  assert.deepEqual(sent(), ["unlisten"]);
});

test("if the fresh picture is refused the chart goes on with what follows, and tries again later", () => {
  const { network, render, sent, chart, clock } = startShownChart();
  const seen = record(chart, "error");
  render(dynamicRender(NEXT, { seq: 9 }));
  const { id } = network.socket.messages.at(-1);
  network.socket.say("error", { code: "rate_limited", message: "not so fast", type: "mycharts" }, id);
  render(dynamicRender([[2, LAST, 8]], { seq: 10 }));
  assert.deepEqual([chart.series[2].points().at(-1), sent().length, seen.length], [[LAST, 8], 1, 1]);
  clock.advance(1000);
  assert.equal(sent().length, 2);
});

test("a chart that was asked for too soon for the server is asked for again, and one that cannot be had is not", () => {
  const { charts, network, render, clock } = startCharts();
  const chart = charts.request(REQUEST);
  charts.request({ ...REQUEST, chart_id: "wrong" });
  const seen = record(chart, "error", "render");
  const [first, wrong] = network.socket.messages;
  network.socket.say("error", { code: "rate_limited", message: "100 a second", type: "mycharts" }, first.id);
  network.socket.say("error", { code: "bad_request", message: "no such indicator", type: "mycharts" }, wrong.id);
  clock.advance(999);
  assert.equal(network.socket.messages.length, 2);
  clock.advance(1);
  assert.deepEqual(network.socket.messages[2].data, first.data);
  render(staticRender());
  clock.advance(15_000);
  assert.deepEqual([network.socket.messages.length, seen.map(([event]) => event)], [3, ["error", "render"]]);
});

test("a refusal that comes after the chart was given up asks for nothing", () => {
  const { charts, network, clock } = startCharts();
  charts.request(REQUEST);
  const [{ id }] = network.socket.messages;
  charts.unlisten("main");
  network.socket.say("error", { code: "rate_limited", message: "100 a second", type: "mycharts" }, id);
  clock.advance(15_000);
  assert.equal(network.socket.messages.length, 2);
});

test("a notice of another kind is no lag", () => {
  const { network, render, sent } = startShownChart();
  for (const data of [null, { text: "hello" }, { code: "sale", lagging: true }]) network.socket.say("notice", data);
  render(dynamicRender(NEXT, { seq: 9 }));
  assert.deepEqual(sent(), ["quote"]);
});
