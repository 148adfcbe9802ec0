/** Older points as a reader sees them: dragged for, on their way, put before what is seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeElement, LABELS, PRICE_CHART, REQUEST, startCharts, staticRender } from "./chart_harness.mjs";

const BAR = 60_000;

function barsBefore(label, count) {
  const labels = Array.from({ length: count }, (_, index) => label - BAR * (count - index));
  const series = PRICE_CHART.series.map((each) => ({ ...each, data: labels.map((one) => (each.type === "candlestick" ? [one, 9, 9, 9, 9] : [one, 9])) }));
  return { ...PRICE_CHART, xAxis: { data: labels }, series };
}

function startPaged({ picture = barsBefore(LABELS[0], 200), ...more } = {}) {
  const { older } = { older: true, ...more };
  const parts = startCharts();
  const element = fakeElement();
  const chart = parts.charts.request({ ...REQUEST, element });
  parts.render({ ...staticRender(picture), older });
  parts.frames.run();
  const [instance] = parts.echarts.instances;
  const asked = () => parts.network.socket.messages.filter(({ data }) => data?.type === "more");
  const answer = async (page, more = true) => {
    const { id, data } = asked().at(-1);
    parts.network.socket.say("mycharts", { type: "more", chart_id: "main", before: data.before, chart: page, older: more }, id);
    await new Promise(setImmediate);
    parts.frames.run();
  };
  return { ...parts, chart, element, instance, asked, answer };
}

const windowOf = (option) => option.dataZoom[0];

test("a reader who drags to the left end has the page before it asked for, once", () => {
  const { instance, asked, chart } = startPaged();
  instance.zoomByHand({ start: 50, end: 80 });
  assert.deepEqual(asked(), []);
  instance.zoomByHand({ start: 2, end: 32 });
  instance.zoomByHand({ start: 0, end: 30 });
  const before = chart.labels()[0];
  assert.deepEqual(asked().map(({ data }) => data), [{ type: "more", chart_id: "main", before, count: 500 }]);
});

test("what was seen stays where it is, and there is more to the left of it", async () => {
  const { instance, answer, chart, asked } = startPaged();
  instance.zoomByHand({ startValue: 0, endValue: 60 });
  await answer(barsBefore(chart.labels()[0], 100));
  assert.equal(chart.labels().length, 300);
  const { start, end } = windowOf(instance.options.at(-1));
  assert.deepEqual([start, end].map((percent) => Math.round((percent / 100) * 299)), [100, 160]);
  instance.zoomByHand({ startValue: 40, endValue: 100 });
  assert.equal(asked().length, 1);
  instance.zoomByHand({ startValue: 4, endValue: 64 });
  assert.equal(asked().length, 2);
});

test("a chart that nobody has zoomed shows after a page what it showed before", async () => {
  const { chart, instance, answer } = startPaged({ picture: PRICE_CHART });
  chart.loadOlder();
  await answer(barsBefore(LABELS[0], 100));
  assert.deepEqual(windowOf(instance.options.at(-1)).startValue, 100);
});

test("a pull at a chart that shows all of its points asks for more, once for each drag", () => {
  const { element, asked } = startPaged({ picture: PRICE_CHART });
  element.say("pointerdown", { clientX: 100 });
  element.say("pointermove", { clientX: 110 });
  assert.deepEqual(asked(), []);
  for (const clientX of [130, 150, 200]) element.say("pointermove", { clientX });
  element.say("pointerup");
  element.say("pointermove", { clientX: 400 });
  assert.equal(asked().length, 1);
});

test("a wheel that would zoom out further asks for more, too; one that scrolls the page does not", () => {
  const { element, asked } = startPaged({ picture: PRICE_CHART });
  element.say("wheel", { ctrlKey: false, deltaY: 10 });
  element.say("wheel", { ctrlKey: true, deltaY: -10 });
  assert.deepEqual(asked(), []);
  element.say("wheel", { ctrlKey: true, deltaY: 10 });
  assert.equal(asked().length, 1);
});

test("a pull at a chart that shows its newest bars only is a drag like any other", () => {
  const { element, asked } = startPaged();
  element.say("pointerdown", { clientX: 100 });
  element.say("pointermove", { clientX: 200 });
  assert.deepEqual(asked(), []);
});

test("a mark at the left end says what is going on, and so does the text for who cannot see it", async () => {
  const { instance, element, answer, chart, clock, frames } = startPaged();
  instance.zoomByHand({ startValue: 0, endValue: 60 });
  frames.run();
  assert.equal(instance.olderMark, "Loading older points");
  clock.advance(3000);
  assert.match(element.getAttribute("aria-label"), /; loading older points$/);
  await answer(barsBefore(chart.labels()[0], 5), false);
  assert.equal(instance.olderMark, "Nothing older");
  clock.advance(3000);
  assert.doesNotMatch(element.getAttribute("aria-label"), /older/);
  instance.zoomByHand({ startValue: 100, endValue: 160 });
  assert.equal(instance.olderMark, null);
});

test("a page that does not come is told, and asked for again by the next pull", async () => {
  const { instance, element, asked, network, frames } = startPaged();
  instance.zoomByHand({ startValue: 0, endValue: 60 });
  network.socket.say("error", { code: "history_failed", message: "the database is away" }, asked()[0].id);
  await new Promise(setImmediate);
  frames.run();
  assert.equal(instance.olderMark, "Older points did not come");
  element.say("pointerdown", { clientX: 0 });
  element.say("pointermove", { clientX: 30 });
  assert.equal(asked().length, 2);
});

test("a server of before is never asked", () => {
  const { instance, asked } = startPaged({ older: undefined });
  instance.zoomByHand({ startValue: 0, endValue: 60 });
  assert.deepEqual([asked(), instance.olderMark], [[], null]);
});

test("a picture that does not go on has what is before it asked for as another one", async () => {
  const { charts, network, render } = startCharts();
  const chart = charts.request({ ...REQUEST, update: "static", from: "2013-01-01", count: 3 });
  render({ ...staticRender(), older: true });
  const came = chart.loadOlder(2);
  const { id, data } = network.socket.messages.at(-1);
  const { type, update, from, to, count } = data;
  assert.deepEqual([type, update, from, to, count], ["quote", "static", undefined, LABELS[0], 2]);
  network.socket.say("mycharts", { ...staticRender(barsBefore(LABELS[0], 2)), older: false }, id);
  assert.deepEqual([await came, chart.labels().length, chart.older.hasMore], [2, 5, false]);
});

test("a chart that is given up leaves its element alone", () => {
  const { charts, element } = startPaged();
  assert.equal(element.listeners, 5);
  charts.unlisten("main");
  assert.equal(element.listeners, 0);
});
