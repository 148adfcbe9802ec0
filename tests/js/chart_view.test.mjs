import assert from "node:assert/strict";
import { test } from "node:test";
import { darkPalette } from "../../site/static/js/rtc/index.js";
import { dynamicRender, fakeElement, LABELS, PRICE_CHART, REQUEST, rowsOf, startCharts, startDrawnChart, staticRender } from "./chart_harness.mjs";
import { USERINFO, welcome } from "./client_harness.mjs";

const [, , LAST] = LABELS;

test("the first render is drawn whole, in the next frame", () => {
  const { charts, render, frames, echarts } = startCharts();
  charts.request({ ...REQUEST, element: fakeElement() });
  render(staticRender());
  const [instance] = echarts.instances;
  assert.deepEqual([instance.options.length, frames.waiting], [0, 1]);
  frames.run();
  assert.deepEqual([instance.options.length, instance.settings], [1, [{ notMerge: true }]]);
  assert.deepEqual(instance.options[0].series.map(({ name }) => name), ["AAPL", "sma:2", "volume"]);
});

test("however many messages come, a chart is drawn once in a frame, with the newest values", () => {
  const { render, frames, instance } = startDrawnChart();
  for (let volume = 0; volume < 50; volume += 1) render(dynamicRender([[2, LAST, volume]], { seq: 4 + volume }));
  assert.equal(frames.waiting, 1);
  frames.run();
  assert.equal(instance.options.length, 2);
  assert.deepEqual(rowsOf(instance.options[1].series[0].data).at(-1), [2, 49]);
});

test("two charts have a frame each", () => {
  const { charts, render, frames, echarts } = startCharts();
  for (const chart_id of ["one", "other"]) charts.request({ ...REQUEST, chart_id, element: fakeElement(chart_id) });
  for (const chart_id of ["one", "other"]) render(staticRender(PRICE_CHART, { chart_id }));
  frames.run();
  render(dynamicRender([[2, LAST, 1]], { chart_id: "other" }));
  frames.run();
  assert.deepEqual(echarts.instances.map(({ options }) => options.length), [1, 2]);
});

test("an update holds the series that changed and nothing else", () => {
  const { render, frames, instance } = startDrawnChart();
  render(dynamicRender([[1, LAST, 433]]));
  frames.run();
  const [{ id, data }] = instance.options[1].series;
  assert.deepEqual([Object.keys(instance.options[1]), id, rowsOf(data)], [["series"], "1", [[0, NaN], [1, 431.5], [2, 433]]]);
  assert.equal(instance.settings[1], undefined);
});

test("a new label moves the axes of all panels along", () => {
  const { render, frames, instance } = startDrawnChart();
  render(dynamicRender([[2, LAST + 60_000, 9]]));
  frames.run();
  const { xAxis, series, dataZoom } = instance.options[1];
  assert.deepEqual(xAxis.map(({ id, data }) => [id, data.length]), [["x0", 4], ["x1", 4]]);
  assert.deepEqual([series.length, dataZoom.map(({ id }) => id)], [1, ["inside", "slider"]]);
});

test("a frame in which nothing changed draws nothing", () => {
  const { render, frames, instance } = startDrawnChart();
  render(dynamicRender([[99, LAST, 1]]));
  frames.run();
  assert.equal(instance.options.length, 1);
});

test("the picture that comes after a reconnect is merged, so that the reader's zoom stays", () => {
  const { render, frames, instance, network, clock } = startDrawnChart();
  network.socket.hangUp(1006);
  clock.advance(500);
  welcome(network, { ...USERINFO, uid: "1-2" });
  render(staticRender());
  frames.run();
  assert.deepEqual([instance.settings[1], instance.options[1].series.length], [undefined, 3]);
});

test("a picture of other parts is drawn anew", () => {
  const { render, frames, instance } = startDrawnChart();
  render(staticRender({ ...PRICE_CHART, series: PRICE_CHART.series.slice(0, 2) }));
  frames.run();
  assert.deepEqual([instance.settings[1], instance.options[1].series.length], [{ notMerge: true }, 2]);
});

test("the newest candles stay in view until somebody zooms", () => {
  const { render, frames, instance } = startDrawnChart();
  const append = (from, to) => {
    for (let i = from; i < to; i += 1) render(dynamicRender([[2, LAST + 60_000 * i, i]], { seq: 3 + i }));
    frames.run();
  };
  append(1, 198);
  assert.deepEqual(instance.options[1].dataZoom[0], { id: "inside", startValue: 40, endValue: 199 });
  instance.zoomByHand({ start: 0, end: 50 });
  append(198, 398);
  assert.deepEqual(instance.options[2].dataZoom[0], { id: "inside", start: 0, end: (100 * 99.50001) / 399 });
});

test("a chart that is drawn in other colours shows the place that the reader has chosen", () => {
  const { frames, instance, charts } = startDrawnChart();
  instance.zoomByHand({ batch: [{ dataZoomId: "inside", start: 0, end: 50 }] });
  charts.setPalette(darkPalette);
  frames.run();
  assert.deepEqual([instance.settings[1], instance.options[1].dataZoom[0].end], [{ notMerge: true }, 50]);
});

test("prices that need more decimals than before are drawn anew, with room for them beside the panels", () => {
  const { render, frames, instance } = startDrawnChart();
  const shown = ({ yAxis }) => yAxis[0].axisLabel.formatter(432);
  assert.equal(shown(instance.options[0]), "432");
  render(dynamicRender([[0, LAST, 432, 433.12345678, 431, 434]]));
  frames.run();
  const [before, after] = instance.options;
  assert.equal(shown(after), "432.00000000");
  assert.ok(after.grid[0].right > before.grid[0].right);
  assert.equal(instance.lastPrice.text, "433.12345678");
});

test("the volume's panel comes with the first volume", () => {
  const { render, frames, instance } = startDrawnChart();
  const without = { ...PRICE_CHART, series: PRICE_CHART.series.map((one) => ({ ...one, data: one.name === "volume" ? [] : one.data })) };
  render(staticRender(without));
  frames.run();
  assert.deepEqual([instance.options[1].grid.length, instance.options[1].series.length], [1, 2]);
  render(dynamicRender([[2, LAST, 0]]));
  frames.run();
  assert.deepEqual(instance.options[2].series, []);
  render(dynamicRender([[2, LAST, 7]]));
  frames.run();
  assert.deepEqual([instance.options[3].grid.length, instance.options[3].series.length], [2, 3]);
});

test("a finger that moves up or down is the page's, for as long as the chart is there", () => {
  const { charts, instance } = startDrawnChart();
  assert.equal(instance.element.style.touchAction, "pan-y");
  assert.equal(instance.options[0].dataZoom[0].preventDefaultMouseMove, false);
  charts.unlisten("main");
  assert.equal(instance.element.style.touchAction, "");
});

test("an element of another size is filled in the next frame", () => {
  const { frames, instance, observers, render } = startDrawnChart();
  assert.deepEqual(observers[0].elements.map(({ id }) => id), ["place"]);
  for (let i = 0; i < 5; i += 1) observers[0].run();
  frames.run();
  assert.deepEqual([instance.resizes, instance.options.length, instance.options[1].grid.length], [1, 2, 2]);
  render(dynamicRender([[2, LAST, 1]]));
  frames.run();
  assert.deepEqual([instance.resizes, Object.keys(instance.options[2])], [1, ["series"]]);
});

test("a size that changes before there is anything to draw is taken, too", () => {
  const { charts, echarts, frames, observers, render } = startCharts();
  charts.request({ ...REQUEST, element: fakeElement() });
  observers[0].run();
  render(staticRender());
  frames.run();
  assert.deepEqual([echarts.instances[0].resizes, echarts.instances[0].options.length], [1, 1]);
});

test("a chart that is given up is disposed of, and the frame on its way finds nothing to do", () => {
  const { charts, render, frames, instance, observers } = startDrawnChart();
  render(dynamicRender([[2, LAST, 1]]));
  charts.unlisten("main");
  frames.run();
  assert.deepEqual([instance.isDisposed, instance.options.length, observers[0].elements], [true, 1, []]);
  charts.setPalette(darkPalette);
  assert.equal(frames.waiting, 0);
});

test("a hidden page, which gets no frames, queues none and draws once when it is seen again", () => {
  const { render, frames, instance } = startDrawnChart();
  for (let i = 1; i <= 5000; i += 1) render(dynamicRender([[2, LAST + i, i]]));
  assert.equal(frames.waiting, 1);
  frames.run();
  assert.equal(instance.options.length, 2);
});

test("a hundred thousand updates leave a bounded chart and one setOption for each frame", () => {
  const { chart, render, frames, instance } = startDrawnChart({ points: 200 });
  let drawn = 1;
  for (let i = 1; i <= 100_000; i += 1) {
    render(dynamicRender([[0, LAST + i, i, i, i, i], [1, LAST + i, i], [2, LAST + i, i]], { seq: 3 + i }));
    if (i % 500 > 0) continue;
    frames.run();
    drawn += 1;
    assert.equal(instance.options.length, drawn);
    assert.ok(instance.options.at(-1).series.every(({ id, data }) => rowsOf(data, id === "0" ? 5 : 2).length === 200));
  }
  assert.deepEqual(chart.series.map((one) => one.points().length), [200, 200, 200]);
  assert.deepEqual([chart.labels().length, chart.seq], [200, 100_003]);
  assert.deepEqual(rowsOf(chart.drawing(2)).map(([place]) => place), Array.from({ length: 200 }, (_, place) => place));
});
