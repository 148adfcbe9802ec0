import assert from "node:assert/strict";
import { test } from "node:test";
import { wholeOption } from "../../site/static/js/rtc/chart_option.js";
import { Chart, darkPalette, lightPalette } from "../../site/static/js/rtc/index.js";
import { lastPrice } from "../../site/static/js/rtc/last_price.js";
import { panelLayout } from "../../site/static/js/rtc/panel_layout.js";
import { tooltipElements } from "../../site/static/js/rtc/tooltip.js";
import { fakeElements, textOf } from "./fake_elements.mjs";
import { LABELS, PRICE_CHART, REQUEST, rowsOf, staticRender } from "./chart_harness.mjs";

function chartOf(picture, request = REQUEST) {
  const chart = new Chart(request, 2000);
  chart.onRender(staticRender(picture));
  return chart;
}

function optionOf(picture = PRICE_CHART, palette = lightPalette, request = REQUEST) {
  return wholeOption(chartOf(picture, request), palette, 400);
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
  assert.deepEqual(rowsOf(candles.data, 5), [[0, 430, 431, 429, 432], [1, 431, 432, 430, 433], [2, 432, 433, 431, 434]]);
  assert.deepEqual(candles.encode, { x: 0, y: [1, 2, 3, 4] });
  assert.deepEqual([rowsOf(line.data)[0], line.encode], [[0, NaN], { x: 0, y: 1 }]);
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

test("a legend that scrolls leaves its text as high as it is", () => {
  const { textStyle, itemHeight } = optionOf().legend;
  assert.ok(textStyle.lineHeight > textStyle.fontSize && textStyle.fontSize > itemHeight);
});

test("of many candles the newest are seen at first, of a line all of it", () => {
  const candles = optionOf(pictureOf("candlestick", 500, () => [1, 2, 0, 3]));
  assert.deepEqual([candles.dataZoom[0].startValue, candles.dataZoom[0].endValue], [340, 499]);
  for (const option of [optionOf(pictureOf("line", 500)), optionOf()]) {
    assert.deepEqual([option.dataZoom[0].start, option.dataZoom[0].end], [0, 100]);
  }
});

test("the newest price is a candle's close, in the candle's colour", () => {
  const candle = (...values) => lastPrice(chartOf(pictureOf("candlestick", 1, () => values)), lightPalette);
  assert.deepEqual(candle(432, 430.5, 430, 433), { price: 430.5, text: "430.5", color: lightPalette.down });
  assert.equal(candle(430, 431, 430, 433).color, lightPalette.up);
  assert.equal(lastPrice(chartOf(pictureOf("line", 3)), lightPalette).price, 2);
});

test("a chart without points, or without a newest value, has no newest price", () => {
  assert.equal(lastPrice(chartOf(pictureOf("line", 0)), lightPalette), null);
  assert.equal(lastPrice(chartOf(pictureOf("line", 2, () => null)), lightPalette), null);
});

test("however many candles there are, each is drawn with its open and its close", () => {
  assert.equal(optionOf(pictureOf("candlestick", 2000, () => [1, 2, 0, 3])).series[0].large, false);
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

/** A test of a tooltip, which makes its elements in the page's document. */
function testTooltip(name, run) {
  test(name, (t) => {
    globalThis.document = fakeElements();
    t.after(() => delete globalThis.document);
    run();
  });
}

testTooltip("the tooltip has one heading and the series in their order, without those that have no value there", () => {
  const items = [item(2, "volume", [0, 21058]), item(1, "sma:20", [0, null]), item(0, "AAPL", [0, 1, 2, 0, 3], "candlestick")];
  assert.equal(textOf(tooltipElements("09:30", items, (value) => value.toFixed(1), lightPalette)), "09:30 AAPL O 1.0 C 2.0 L 0.0 H 3.0 volume 21058.0");
});

testTooltip("names cannot bring markup into the page", () => {
  const name = `<img src=x onerror="a()">&'`;
  const [heading, line] = tooltipElements("<i>", [item(0, name, [0, 1])], String, lightPalette);
  assert.deepEqual(heading.children, ["<i>"]);
  assert.deepEqual(line.children[1].children, [name]);
});

testTooltip("the tooltip of a drawn chart names the time under the pointer in full", () => {
  const tip = optionOf().tooltip.formatter([{ ...item(1, "sma:2", [1, 431.5]), seriesId: "1", axisValue: String(LABELS[1]) }]);
  assert.match(textOf(tip), /^2013-0[23]-\d\d \d\d:\d\d:\d\d sma:2 431.5$/);
});

// Prices, days and what is not there.

const PRICES = {
  tiny: [0.00001234, 0.00001235, "0.00001234", "0.00001235"],
  exchange: [1.08421, 1.08422, "1.08421", "1.08422"],
  five_figures: [67_120, 67_120.5, "67,120.0", "67,120.5"],
  eight_figures: [12_345_678, 12_345_679, "12,345,678", "12,345,679"],
  below_zero: [-37.63, -37.62, "-37.63", "-37.62"],
};

for (const [name, [one, other, ...texts]] of Object.entries(PRICES)) {
  testTooltip(`neighbouring prices can be told apart on axis, pointer, tooltip and last-price line: ${name}`, () => {
    const option = optionOf(pictureOf("line", 2, (i) => [one, other][i]));
    const [axis] = option.yAxis;
    assert.deepEqual([one, other].map(axis.axisLabel.formatter), texts);
    assert.deepEqual([one, other].map((value) => axis.axisPointer.label.formatter({ value })), texts);
    assert.ok(axis.minInterval <= other - one + 1e-12);
    const tips = [one, other].map((value) => textOf(option.tooltip.formatter([{ ...item(0, "X", [0, value]), seriesId: "0" }])));
    assert.deepEqual(tips, texts.map((text) => `t X ${text}`));
    const last = lastPrice(chartOf(pictureOf("line", 2, (i) => [one, other][i])), lightPalette);
    assert.deepEqual([last.text, last.price], [texts[1], other]);
    assert.ok(option.grid[0].right >= texts[1].length * 6.6 + 16);
  });
}

test("of a quote that says its decimals every price has as many", () => {
  const picture = { ...pictureOf("line", 2, (i) => 430 + i), yAxis: [{ name: "price", decimals: 2 }] };
  assert.equal(optionOf(picture).yAxis[0].axisLabel.formatter(431), "431.00");
});

testTooltip("an average between two prices has more decimals than they have, a volume its own", () => {
  const option = optionOf();
  const tip = (index, value) => textOf(option.tooltip.formatter([{ ...item(index, "X", [0, value]), seriesId: String(index), axisValue: String(LABELS[0]) }])).split(" ").slice(2).join(" ");
  assert.deepEqual([tip(0, 431), tip(1, 431.5), tip(1, 431.123456789012), tip(2, 0.125)], ["X 431", "X 431.5", "X 431.12", "X 0.125"]);
});

testTooltip("a bar of a day is called by its date on the axis and in the tooltip", () => {
  const rows = [1_767_571_200_000, 1_767_657_600_000].map((label) => [label, 1]);
  const picture = { ...pictureOf("line", 0), xAxis: { data: rows.map(([label]) => label) } };
  picture.series[0].data = rows;
  const option = optionOf(picture, lightPalette, { ...REQUEST, period: 86_400 });
  assert.equal(option.xAxis[0].axisLabel.formatter("1767571200000"), "2026-01-05");
  assert.equal(textOf(option.tooltip.formatter([{ ...item(0, "X", [0, 1]), seriesId: "0", axisValue: "1767571200000" }])), "2026-01-05 X 1");
});

test("where there is no volume it has neither panel nor legend, and the panels below move up", () => {
  for (const volume of [() => 0, () => null]) {
    const data = LABELS.map((label, i) => [label, volume(i)]);
    const macd = { name: "macd", type: "line", yAxisIndex: 2, data: LABELS.map((label) => [label, 1]) };
    const [candles, sma, bars] = PRICE_CHART.series;
    const option = optionOf({
      ...PRICE_CHART,
      legends: ["AAPL", "volume", "macd"],
      yAxis: [{ name: "price" }, { name: "volume" }, { name: "macd" }],
      series: [candles, sma, { ...bars, data }, macd],
    });
    assert.deepEqual(option.title.map(({ text }) => text), ["macd"]);
    assert.deepEqual(option.legend.data, ["AAPL", "macd"]);
    assert.deepEqual(option.series.map(({ id, xAxisIndex, yAxisIndex }) => [id, xAxisIndex, yAxisIndex]), [["0", 0, 0], ["1", 0, 0], ["3", 1, 1]]);
  }
});

test("a chart of an unknown quote says that there is no data yet", () => {
  const option = optionOf({ legends: ["X"], xAxis: { data: [] }, yAxis: [{ name: "price" }], series: [{ name: "X", type: "line", data: [] }] });
  assert.deepEqual(option.title.map(({ text }) => text), ["No data yet"]);
  assert.deepEqual(optionOf().title.map(({ text }) => text), ["volume"]);
});

test("a line across every panel is where another day begins", () => {
  const chart = new Chart({ ...REQUEST, period: "1h" }, 100);
  const labels = [22, 23, 24, 25].map((hour) => Date.UTC(2026, 0, 5, hour));
  const series = PRICE_CHART.series.map((each) => ({ ...each, data: labels.map((label) => [label, 1, 2, 0, 3]) }));
  chart.onRender(staticRender({ ...PRICE_CHART, xAxis: { data: labels, zone: "UTC" }, series }));
  const { xAxis } = wholeOption(chart, lightPalette, 400);
  assert.deepEqual(xAxis.map(({ splitLine }) => [splitLine.show, [0, 1, 2, 3].filter(splitLine.interval)]), [[true, [2]], [true, [2]]]);
});
