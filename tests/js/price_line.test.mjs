/** The line of a chart's newest price follows it between two drawings, on the scale that is drawn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { darkPalette, lightPalette } from "../../site/static/js/rtc/index.js";
import { LEFT_PX } from "../../site/static/js/rtc/panel_layout.js";
import { dynamicRender, fakeElement, LABELS, PRICE_CHART, REQUEST, startCharts, startDrawnChart, staticRender } from "./chart_harness.mjs";

const [, , LAST] = LABELS;
const COSTLY_MS = 30;

/** Charts of a page on which each drawing takes long, drawn once; then one animation frame after the other. */
function startCostlyCharts(count, attributes) {
  const parts = startCharts();
  const { charts, clock, echarts, frames, render } = parts;
  const ids = Array.from({ length: count }, (_, index) => `c${index}`);
  for (const chart_id of ids) charts.request({ ...REQUEST, chart_id, element: fakeElement(chart_id, attributes) });
  for (const instance of echarts.instances) {
    const { setOption } = instance;
    instance.setOption = (...given) => {
      clock.sleep(COSTLY_MS);
      setOption(...given);
    };
  }
  for (const chart_id of ids) render(staticRender(PRICE_CHART, { chart_id }));
  const runFrames = (times) => {
    for (let each = 0; each < times; each += 1) {
      frames.run();
      clock.sleep(16);
    }
  };
  runFrames(10 * count);
  /** A tick of each chart. */
  let seq = 3;
  const tick = (close) => {
    seq += 1;
    for (const chart_id of ids) render(dynamicRender([[0, LAST, 432, close, 400, 500]], { chart_id, seq }));
  };
  const drawings = () => echarts.instances.map(({ options }) => options.length);
  return { ...parts, instances: echarts.instances, runFrames, tick, drawings, ids };
}

test("a drawn chart has its newest price at the axis, where the price is on the scale", () => {
  const { instance } = startDrawnChart();
  const { text, color, line, label } = instance.lastPrice;
  assert.deepEqual([text, color], ["433", lightPalette.up]);
  assert.deepEqual([line.transform, line.width], [`translate(${LEFT_PX}px, 133px)`, `${500 - 62 - LEFT_PX}px`]);
  assert.match(label.transform, /^translate\(443px, 117px\)$/);
  assert.deepEqual([line.pointerEvents, label.pointerEvents], ["none", "none"]);
});

test("of twelve costly charts each shows a new price within a few frames, most of them before they are drawn", () => {
  const { instances, runFrames, tick, drawings } = startCostlyCharts(12);
  runFrames(8);
  const before = drawings();
  tick(434);
  runFrames(8); // of 16 ms, and of a drawing every other time
  assert.deepEqual(instances.map(({ lastPrice }) => lastPrice.text), Array(12).fill("434"));
  const drawn = drawings().reduce((sum, count) => sum + count, 0) - before.reduce((sum, count) => sum + count, 0);
  assert.ok(drawn <= 6, `${drawn}`);
});

test("a number that has not changed is not painted again", () => {
  const { instance, render, frames } = startDrawnChart();
  const { paints } = instance.lastPrice;
  for (let volume = 1; volume < 5; volume += 1) {
    render(dynamicRender([[2, LAST, volume]], { seq: 3 + volume }));
    frames.run();
  }
  assert.equal(instance.lastPrice.paints, paints);
});

test("while the price is outside of the drawn scale there is no line, and its chart is drawn before the others", () => {
  const { instances, charts, render, runFrames, drawings, ids } = startCostlyCharts(12);
  const away = instances[7];
  away.convertToPixel = (_, price) => (price > 450 ? -20 : 100);
  const { setOption } = away;
  for (const chart_id of ids) render(dynamicRender([[0, LAST, 432, chart_id === "c7" ? 460 : 434, 400, 500]], { chart_id }));
  away.setOption = (...given) => {
    setOption(...given);
    away.convertToPixel = () => 100;
  };
  const before = drawings();
  for (let frame = 0; drawings()[7] === before[7]; frame += 1) {
    assert.ok(frame < 30, "never drawn");
    if (frame === 8) assert.equal(away.lastPrice, null);
    runFrames(1);
  }
  assert.equal(away.lastPrice.text, "460");
  assert.ok(charts.get("c7").labels().length > 0);
  const later = drawings().filter((count, index) => index !== 7 && count === before[index]);
  assert.ok(later.length >= 5, `${later.length} of 11 come after it`);
});

test("the line goes along when the reader zooms, and away where the price is not in sight", () => {
  const { instance } = startDrawnChart();
  instance.convertToPixel = () => 100;
  instance.zoomByHand({ start: 0, end: 50 });
  assert.match(instance.lastPrice.line.transform, / 100px\)$/);
  instance.convertToPixel = () => 5;
  instance.zoomByHand({ start: 0, end: 10 });
  assert.equal(instance.lastPrice, null);
});

test("without the prices, which the legend may take away, there is no line either", () => {
  const { instance } = startDrawnChart();
  instance.selectInLegend({ AAPL: false, "sma:2": true });
  assert.equal(instance.lastPrice, null);
  instance.selectInLegend({ AAPL: true, "sma:2": true });
  assert.equal(instance.lastPrice.text, "433");
});

test("a picture of other parts keeps the line of the drawn one until it is drawn itself", () => {
  const { instances, render, runFrames, tick, ids } = startCostlyCharts(12);
  const other = { ...PRICE_CHART, legends: ["MSFT"], series: [{ ...PRICE_CHART.series[0], name: "MSFT", data: [[LAST, 1, 2, 0, 3]] }] };
  tick(433);
  runFrames(1);
  for (const chart_id of ids) render(staticRender(other, { chart_id }));
  for (let frame = 0; frame < 100; frame += 1) {
    runFrames(1);
    for (const { options, lastPrice } of instances) {
      const isOther = options.at(-1).legend?.data[0] === "MSFT";
      assert.notEqual(lastPrice?.text, isOther ? "433" : "2");
    }
  }
  assert.ok(instances.every(({ options, lastPrice }) => options.at(-1).legend?.data[0] === "MSFT" && lastPrice.text === "2"));
});

test("other colours are the line's, too", () => {
  const { instance, charts, frames } = startDrawnChart();
  charts.setPalette(darkPalette);
  frames.run();
  assert.equal(instance.lastPrice.color, darkPalette.up);
});
