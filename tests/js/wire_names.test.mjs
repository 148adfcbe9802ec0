/** Several MyCharts on one client: none sees what belongs to another. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MyCharts } from "../../site/static/js/rtc/index.js";
import { dynamicRender, LABELS, PRICE_CHART, REQUEST, startCharts, staticRender } from "./chart_harness.mjs";
import { record, startWelcomedClient, USERINFO, welcome } from "./client_harness.mjs";
import { WireNames } from "../../site/static/js/rtc/wire_names.js";

const [, , LAST] = LABELS;
const asked = ({ socket }) => socket.messages.map(({ data }) => [data.type, data.chart_id]);

function startTwo() {
  const { client, network, clock } = startWelcomedClient();
  const [one, other] = [new MyCharts(client, { clock }), new MyCharts(client, { clock })];
  const say = (data, id) => network.socket.say("mycharts", data, id);
  return { client, network, clock, one, other, say };
}

test("two charts of one chart_id have different names on the wire, and the first keeps its own", () => {
  const { network, one, other } = startTwo();
  one.request(REQUEST);
  other.request({ ...REQUEST, item: "GOOG" });
  assert.deepEqual(asked(network), [["quote", "main"], ["quote", "main~2"]]);
});

test("each gets the prices of its own quote, under the chart_id that its page gave", () => {
  const { one, other, say } = startTwo();
  const [mine, theirs] = [one.request(REQUEST), other.request({ ...REQUEST, item: "GOOG" })];
  const seen = [mine, theirs].map((chart) => record(chart, "render", "dynamic"));
  for (const chart_id of ["main", "main~2"]) say(staticRender(PRICE_CHART, { chart_id }));
  say(dynamicRender([[2, LAST, 777]], { chart_id: "main~2" }));
  assert.deepEqual([mine, theirs].map(({ series }) => series[2].last), [[LAST, 200], [LAST, 777]]);
  assert.deepEqual([one.get("main"), other.get("main")], [mine, theirs]);
  assert.deepEqual(seen.map((events) => events.map(([event, data]) => [event, data.chart_id])), [
    [["render", "main"]], [["render", "main"], ["dynamic", "main"]],
  ]);
});

test("an error reaches the chart whose request it answers, and not the other's", () => {
  const { network, one, other } = startTwo();
  const seen = [one, other].map((charts) => record(charts.request(REQUEST), "error"));
  const [first, second] = network.socket.messages.map(({ id }) => id);
  assert.notEqual(first, second);
  network.socket.say("error", { code: "forbidden", message: "no", type: "mycharts", chart_id: "main~2" }, second);
  assert.deepEqual(seen.map((events) => events.map(([, { code }]) => code)), [[], ["forbidden"]]);
});

test("what is given up or slowed down is the own one", () => {
  const { network, one, other } = startTwo();
  for (const charts of [one, other]) charts.request(REQUEST);
  other.setMaxRate("main", 2);
  other.unlisten("main");
  assert.deepEqual(asked(network).slice(2), [["rate", "main~2"], ["unlisten", "main~2"]]);
  assert.notEqual(one.get("main"), undefined);
});

test("a name is kept over reconnects, and free again when its chart is given up", () => {
  const { network, clock, one, other } = startTwo();
  for (const charts of [one, other]) charts.request(REQUEST);
  network.socket.hangUp(1006);
  clock.advance(500);
  welcome(network, { ...USERINFO, uid: "1-2" });
  assert.deepEqual(asked(network), [["quote", "main"], ["quote", "main~2"]]);
  one.unlisten("main");
  one.request(REQUEST);
  assert.deepEqual(asked(network).slice(2), [["unlisten", "main"], ["quote", "main"]]);
});

test("a late picture of a quote that was given up does not show in the chart that took its name", () => {
  const { network, one, other, say } = startTwo();
  one.request(REQUEST);
  one.unlisten("main");
  const chart = other.request({ ...REQUEST, item: "GOOG" });
  const [{ id: early }, , { id }] = network.socket.messages;
  say(staticRender(PRICE_CHART, { seq: 9 }), early);
  assert.equal(chart.series.length, 0);
  say(staticRender(PRICE_CHART, { seq: 5 }), id);
  assert.equal(chart.seq, 5);
});

test("a chart_id may be a whole number; 7 and \"7\" are two charts", () => {
  const { charts, network, render } = startCharts();
  const [number, text] = [7, "7"].map((chart_id) => charts.request({ ...REQUEST, chart_id }));
  assert.deepEqual(asked(network), [["quote", 7], ["quote", "7"]]);
  render(staticRender(PRICE_CHART, { chart_id: 7, seq: 70 }));
  render(staticRender(PRICE_CHART, { chart_id: "7", seq: 71 }));
  assert.deepEqual([charts.get(7), charts.get("7"), number.seq, text.seq], [number, text, 70, 71]);
  charts.unlisten(7);
  assert.deepEqual([charts.get(7), charts.get("7")], [undefined, text]);
});

test("a name with a suffix is none that somebody has, and no longer than the server takes", () => {
  const names = new WireNames();
  assert.deepEqual(["main~2", "main", "main", "main", 7, 7].map((id) => names.take(id)), [
    "main~2", "main", "main~3", "main~4", 7, "7~2",
  ]);
  const longest = "😀".repeat(128);
  assert.deepEqual([names.take(longest), names.take(longest)], [longest, `${"😀".repeat(126)}~2`]);
});
