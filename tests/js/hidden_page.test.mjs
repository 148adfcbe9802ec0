/** Charts rest while nobody can see the page. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dynamicRender, fakeDocument, fakeElement, LABELS, PRICE_CHART, REQUEST, startCharts, staticRender } from "./chart_harness.mjs";
import { record, USERINFO, welcome } from "./client_harness.mjs";

const [, , LAST] = LABELS;
const DRAWN = { ...REQUEST, element: fakeElement() };
const asked = (socket) => socket.messages.map(({ data }) => [data.type, data.chart_id]);

function startOnPage({ pauseAfterMs, state } = {}) {
  const document = fakeDocument(state);
  const parts = startCharts({ document, pauseAfterMs });
  const hide = () => {
    document.become("hidden");
    parts.clock.advance(5000);
  };
  return { ...parts, document, hide };
}

test("a drawn chart is given up when the page is hidden, and asked for once when it is seen again", () => {
  const { charts, document, hide, network, render } = startOnPage();
  const chart = charts.request(DRAWN);
  render(staticRender());
  hide();
  assert.deepEqual(asked(network.socket), [["quote", "main"], ["unlisten", "main"]]);
  assert.equal(charts.get("main"), chart);
  document.become("visible");
  assert.deepEqual(asked(network.socket).slice(2), [["quote", "main"]]);
  assert.deepEqual(network.socket.messages[2].data, network.socket.messages[0].data);
});

test("it keeps its picture meanwhile, and goes on from the fresh one", () => {
  const { charts, document, hide, render } = startOnPage();
  const chart = charts.request(DRAWN);
  const seen = record(chart, "render", "dynamic");
  render(staticRender());
  hide();
  assert.equal(chart.series.length, 3);
  document.become("visible");
  render(dynamicRender([[2, LAST, 999]], { seq: 50 }));
  assert.equal(chart.series[2].points().at(-1)[1], 200);
  render(staticRender(PRICE_CHART, { seq: 60 }));
  render(dynamicRender([[2, LAST, 5]], { seq: 61 }));
  assert.deepEqual([chart.seq, chart.hasGap, seen.map(([event]) => event)], [61, false, ["render", "render", "dynamic"]]);
});

test("what is still on its way when it is given up is shown, and is no reason to ask", () => {
  const { charts, hide, network, render, clock } = startOnPage();
  const chart = charts.request(DRAWN);
  render(staticRender());
  hide();
  render(dynamicRender([[2, LAST, 7]], { seq: 20 }));
  clock.advance(15_000);
  assert.deepEqual([chart.seq, asked(network.socket).length], [20, 2]);
});

test("a glance elsewhere costs nothing", () => {
  const { charts, document, network, clock } = startOnPage();
  charts.request(DRAWN);
  document.become("hidden");
  clock.advance(4999);
  document.become("visible");
  clock.advance(15_000);
  assert.equal(network.socket.messages.filter(({ type }) => type === "mycharts").length, 1);
});

test("a chart that only keeps data goes on, and each may be told to do otherwise", () => {
  const { charts, hide, network } = startOnPage();
  charts.request({ ...REQUEST, chart_id: "data" });
  charts.request({ ...REQUEST, chart_id: "data that rests", whileHidden: "pause" });
  charts.request({ ...DRAWN, chart_id: "drawn" });
  charts.request({ ...DRAWN, chart_id: "drawn that goes on", whileHidden: "keep" });
  hide();
  assert.deepEqual(asked(network.socket).slice(4), [["unlisten", "data that rests"], ["unlisten", "drawn"]]);
});

test("what is asked for on a hidden page goes out when the page is seen", () => {
  const { charts, document, hide, network } = startOnPage();
  hide();
  charts.request(DRAWN);
  charts.request({ ...REQUEST, chart_id: "data" });
  assert.deepEqual(asked(network.socket), [["quote", "data"]]);
  document.become("visible");
  assert.deepEqual(asked(network.socket), [["quote", "data"], ["quote", "main"]]);
});

test("what is given up on a hidden page is not asked for when the page is seen", () => {
  const { charts, document, hide, network } = startOnPage();
  charts.request(DRAWN);
  hide();
  charts.unlisten("main");
  document.become("visible");
  assert.deepEqual(asked(network.socket), [["quote", "main"], ["unlisten", "main"]]);
});

test("a reconnect while the page is hidden brings back only what goes on", () => {
  const { charts, document, hide, network, clock } = startOnPage();
  charts.request(DRAWN);
  charts.request({ ...REQUEST, chart_id: "data" });
  hide();
  network.socket.hangUp(1006);
  clock.advance(500);
  welcome(network, { ...USERINFO, uid: "1-2" });
  assert.deepEqual(asked(network.socket), [["quote", "data"]]);
  document.become("visible");
  assert.deepEqual(asked(network.socket), [["quote", "data"], ["quote", "main"]]);
});

test("a gap that waits for its time is forgotten when the page is hidden: the picture that follows mends it", () => {
  const { charts, document, hide, network, render, clock } = startOnPage();
  charts.request(DRAWN);
  render(staticRender());
  for (const seq of [10, 20]) {
    render(dynamicRender([[2, LAST, 7]], { seq }));
    render(staticRender(PRICE_CHART, { seq }));
  }
  network.socket.say("notice", { code: "lag", lagging: true });
  render(dynamicRender([[2, LAST, 7]], { seq: 30 }));
  hide();
  network.socket.say("notice", { code: "lag", lagging: false });
  const before = network.socket.messages.length;
  document.become("visible");
  clock.advance(20_000);
  assert.equal(network.socket.messages.filter(({ type }) => type === "mycharts").length, before + 1);
});

test("with null a page may be hidden for as long as it likes", () => {
  const { charts, document, network, clock } = startOnPage({ pauseAfterMs: null });
  charts.request(DRAWN);
  document.become("hidden");
  clock.advance(10_000);
  assert.deepEqual(asked(network.socket), [["quote", "main"]]);
});

test("how long a page has to be hidden can be said", () => {
  const { charts, document, network, clock } = startOnPage({ pauseAfterMs: 100 });
  charts.request(DRAWN);
  document.become("hidden");
  clock.advance(100);
  assert.equal(asked(network.socket).at(-1)[0], "unlisten");
});

test("a rate is part of the request, can be changed, and is asked for again with the chart", () => {
  const { charts, document, hide, network } = startOnPage();
  charts.request({ ...DRAWN, max_rate: 5 });
  charts.setMaxRate("main", 1);
  charts.setMaxRate("never", 1);
  hide();
  charts.setMaxRate("main", null);
  document.become("visible");
  assert.deepEqual(network.socket.messages.map(({ data }) => [data.type, data.max_rate]), [
    ["quote", 5], ["rate", 1], ["unlisten", undefined], ["quote", null],
  ]);
});
