import assert from "node:assert/strict";
import { test } from "node:test";
import { summarize } from "../../site/static/js/rtc/price_summary.js";
import { dynamicRender, fakeElement, PRICE_CHART, REQUEST, startCharts, startDrawnChart, staticRender } from "./chart_harness.mjs";

function startNamed(picture, attributes = {}) {
  const parts = startCharts();
  const element = fakeElement("place", attributes);
  const chart = parts.charts.request({ ...REQUEST, element });
  const text = () => element.getAttribute("aria-label");
  if (picture !== undefined) {
    parts.render(staticRender(picture));
    parts.frames.run();
  }
  return { ...parts, chart, element, text };
}

test("a chart says its last price, change and range, and since when", () => {
  const { element, text } = startNamed(PRICE_CHART);
  assert.equal(element.getAttribute("role"), "img");
  assert.match(text(), /^AAPL: last price 433, change \+3 \(\+0\.70 %\), between 429 and 434 since 2013-0[23]-\d\d \d\d:\d\d:\d\d$/);
});

test("a chart without data says so", () => {
  assert.equal(startNamed().text(), "AAPL: no data yet");
});

test("the first picture is told at once, also where its element got its size before", () => {
  const { observers, render, text } = startNamed();
  observers[0].run();
  render(staticRender(PRICE_CHART));
  assert.match(text(), /last price 433/);
});

test("the text follows every few seconds, not with every tick, and ends with the last one", () => {
  const { render, frames, clock, text, chart } = startNamed(PRICE_CHART);
  const texts = new Set();
  for (let tick = 0; tick < 100; tick += 1) {
    render(dynamicRender([[0, 1362150120000, 432, 433 + tick, 431, 434 + tick]], { seq: 4 + tick }));
    frames.run();
    clock.advance(100);
    texts.add(text());
  }
  clock.advance(3000);
  assert.ok(texts.size >= 3 && texts.size <= 5, `${texts.size}`);
  assert.match(text(), /last price 532,/);
  assert.equal(chart.summary().last, 532);
});

test("the page's own name stays in front, and is all that is left when the chart is given up", () => {
  const { charts, element, text } = startNamed(PRICE_CHART, { "aria-label": "Copper, every minute" });
  assert.match(text(), /^Copper, every minute: last price 433/);
  charts.unlisten("main");
  assert.deepEqual([text(), element.getAttribute("role")], ["Copper, every minute", null]);
});

test("a name that the page gives before it asks for the next chart is that chart's", () => {
  const { charts, element, text } = startNamed(PRICE_CHART, { "aria-label": "Copper, every minute" });
  element.setAttribute("aria-label", "Tin, every minute");
  charts.request({ ...REQUEST, element });
  assert.equal(text(), "Tin, every minute: no data yet");
  charts.unlisten("main");
  assert.deepEqual([text(), element.getAttribute("role")], ["Tin, every minute", null]);
});

test("a chart that was given up sets no text any more", () => {
  const { charts, render, frames, instance, clock } = startDrawnChart();
  render(dynamicRender([[0, 1362150120000, 432, 440, 431, 440]]));
  frames.run();
  charts.unlisten("main");
  clock.advance(10_000);
  assert.equal(instance.element.getAttribute("aria-label"), null);
});

test("a price below zero that rises has a change above zero; a change from nothing has no percentage", () => {
  const rising = summarize([["a", -40], ["b", -37.5]]);
  assert.deepEqual([rising.change, rising.percent], [2.5, 6.25]);
  assert.equal(summarize([["a", 0], ["b", 1]]).percent, null);
});

test("the summary of lines and of candles leaves out points without a price", () => {
  assert.equal(summarize([["a", null]]), null);
  assert.deepEqual(summarize([["a", null], ["b", 2, 3, 1, 4], ["c", 3, 2, 0, 5]]), { since: "b", last: 2, change: 0, percent: 0, low: 0, high: 5 });
});
