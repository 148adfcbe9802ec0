import assert from "node:assert/strict";
import { test } from "node:test";
import { wholeOption } from "../../site/static/js/rtc/chart_option.js";
import { Chart, darkPalette, lightPalette } from "../../site/static/js/rtc/index.js";
import { panelLayout } from "../../site/static/js/rtc/panel_layout.js";
import { tooltipHtml } from "../../site/static/js/rtc/tooltip.js";
import { LABELS, PRICE_CHART, REQUEST, staticRender } from "./chart_harness.mjs";

function optionOf(picture = PRICE_CHART, palette = lightPalette) {
  const chart = new Chart(REQUEST, 2000);
  chart.onRender(staticRender(picture));
  return wholeOption(chart, palette, 400);
}

function pictureOf(type, count, value = (i) => i) {
  const rows = Array.from({ length: count }, (_, i) => [`t${i}`, ...[].concat(value(i))]);
  const series = [{ name: "AAPL", type, yAxisIndex: 0, data: rows }];
  return { legends: ["AAPL"], xAxis: { data: rows.map(([label]) => label) }, yAxis: [{ name: "price" }], series };
}

test("every y axis has a panel of its own, and all panels share their zoom", () => {
  const option = optionOf({ ...PRICE_CHART, yAxis: [{ name: "price" }, { name: "volume" }, { name: "rsi:14" }] });
  assert.deepEqual([option.grid, option.xAxis, option.yAxis].map(({ length }) => length), [3, 3, 3]);
  assert.deepEqual(option.yAxis.map(({ gridIndex }) => gridIndex), [0, 1, 2]);
  assert.deepEqual(option.dataZoom.map(({ xAxisIndex }) => xAxisIndex), [[0, 1, 2], [0, 1, 2]]);
  assert.deepEqual(option.series.map(({ xAxisIndex, yAxisIndex }) => [xAxisIndex, yAxisIndex]), [[0, 0], [0, 0], [1, 1]]);
  assert.deepEqual(option.title.map(({ text }) => text), ["volume", "rsi:14"]);
  assert.deepEqual(option.xAxis.map(({ axisLabel }) => axisLabel.show), [false, false, true]);
});

test("the price panel is the tallest, and panels stand below each other inside the chart", () => {
  for (const count of [1, 2, 3, 4]) {
    const panels = panelLayout(500, count);
    panels.slice(1).forEach(({ top, height }, index) => {
      assert.ok(top > panels[index].top + panels[index].height);
      assert.ok(panels[0].height > 2 * height);
    });
    const lowest = panels.at(-1);
    assert.equal(panels.length, count);
    assert.ok(lowest.top + lowest.height <= 500 - 40);
  }
});

test("a chart that is too flat for its panels has none of negative height", () => {
  for (const { height } of panelLayout(60, 3)) assert.equal(height, 0);
});

test("points are drawn by their place on the axis; candles are open, close, low, high", () => {
  const [candles, line] = optionOf().series;
  assert.deepEqual(candles.data, [[0, 430, 431, 429, 432], [1, 431, 432, 430, 433], [2, 432, 433, 431, 434]]);
  assert.deepEqual(candles.encode, { x: 0, y: [1, 2, 3, 4] });
  assert.deepEqual([line.data[0], line.encode], [[0, null], { x: 0, y: 1 }]);
});

test("candles are green up and red down in both palettes, lines thin and thinned out, nothing is animated", () => {
  for (const palette of [lightPalette, darkPalette]) {
    const option = optionOf(PRICE_CHART, palette);
    const [candles, line, volume] = option.series;
    assert.deepEqual([candles.itemStyle.color, candles.itemStyle.color0], [palette.up, palette.down]);
    assert.deepEqual([line.sampling, line.showSymbol, line.lineStyle.width < 2], ["lttb", false, true]);
    assert.deepEqual([volume.itemStyle.color, option.animation], [palette.volume, false]);
    assert.equal(option.tooltip.axisPointer.type, "cross");
  }
});

test("a histogram shows by its colour on which side of zero it is", () => {
  const picture = pictureOf("bar", 2);
  picture.series[0].name = "macd:12:26:9/histogram";
  const { color } = optionOf(picture).series[0].itemStyle;
  assert.deepEqual([color({ value: [0, -0.1] }), color({ value: [0, 0.1] })], [lightPalette.down, lightPalette.up]);
});

test("the volume's axis starts at zero, the price's does not, not even for bars", () => {
  assert.deepEqual(optionOf().yAxis.map(({ scale }) => scale), [true, false]);
  assert.equal(optionOf(pictureOf("bar", 3)).yAxis[0].scale, true);
});

test("the legend names what the server says, or every series", () => {
  assert.deepEqual(optionOf().legend.data, ["AAPL", "sma:2"]);
  assert.deepEqual(optionOf({ ...PRICE_CHART, legends: [] }).legend.data, ["AAPL", "sma:2", "volume"]);
});

test("of many candles the newest are seen at first, of a line all of it", () => {
  const candles = optionOf(pictureOf("candlestick", 500, () => [1, 2, 0, 3]));
  assert.deepEqual([candles.dataZoom[0].startValue, candles.dataZoom[0].endValue], [340, 499]);
  for (const option of [optionOf(pictureOf("line", 500)), optionOf()]) {
    assert.deepEqual([option.dataZoom[0].start, option.dataZoom[0].end], [0, 100]);
  }
});

test("the newest price is a line across: a candle's close, in the candle's colour", () => {
  const candle = (...values) => optionOf(pictureOf("candlestick", 1, () => values)).series[0].markLine;
  const falling = candle(432, 430.5, 430, 433);
  assert.deepEqual([falling.data, falling.lineStyle.color], [[{ yAxis: 430.5 }], lightPalette.down]);
  assert.equal(candle(430, 431, 430, 433).lineStyle.color, lightPalette.up);
  assert.deepEqual(optionOf(pictureOf("line", 3)).series[0].markLine.data, [{ yAxis: 2 }]);
});

test("a chart without points, or without a newest value, is drawn without that line", () => {
  assert.equal(optionOf(pictureOf("line", 0)).series[0].markLine, undefined);
  assert.equal(optionOf(pictureOf("line", 2, () => null)).series[0].markLine, undefined);
});

test("labels that are epoch milliseconds are shown as times, texts as they are", () => {
  const { axisLabel } = optionOf().xAxis[1];
  assert.match(axisLabel.formatter(String(LABELS[0])), /^\d\d:\d\d:\d\d$/);
  assert.equal(optionOf(pictureOf("line", 2)).xAxis[0].axisLabel.formatter("t1"), "t1");
});

// The tooltip.

const item = (seriesIndex, seriesName, value, seriesType = "line") => ({
  seriesIndex, seriesName, value, seriesType, color: "#123456", axisValue: "t",
});
const textOf = (html) => html.replace(/<[^>]*>/g, " ").replace(/&nbsp;/g, " ").replace(/\s+/g, " ").trim();

test("the tooltip has one heading and the series in their order, without those that have no value there", () => {
  const items = [item(2, "volume", [0, 21058]), item(1, "sma:20", [0, null]), item(0, "AAPL", [0, 1, 2, 0, 3], "candlestick")];
  assert.equal(textOf(tooltipHtml("09:30", items, lightPalette)), "09:30 AAPL O 1 C 2 L 0 H 3 volume 21,058");
});

test("names cannot bring markup into the page", () => {
  const html = tooltipHtml("<i>", [item(0, `<img src=x onerror="a()">&'`, [0, 1])], lightPalette);
  assert.ok(!html.includes("<img") && !html.includes("<i>") && !html.includes(`onerror="`));
  assert.ok(html.includes("&#60;img src=x onerror=&#34;a()&#34;&#62;&#38;&#39;"));
});

test("the tooltip of a drawn chart names the time under the pointer in full", () => {
  const html = optionOf().tooltip.formatter([{ ...item(1, "sma:2", [1, 431.5]), axisValue: String(LABELS[1]) }]);
  assert.match(textOf(html), /^2013-0[23]-\d\d \d\d:\d\d:\d\d sma:2 431.5$/);
});
