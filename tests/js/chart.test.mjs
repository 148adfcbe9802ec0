import assert from "node:assert/strict";
import { test } from "node:test";
import { Chart } from "../../site/static/js/rtc/index.js";
import { dynamicRender, LABELS, PRICE_CHART, REQUEST, rowsOf, staticRender } from "./chart_harness.mjs";
import { record } from "./client_harness.mjs";

const [, , LAST] = LABELS;

function lineChart(rows, names = ["AAPL"]) {
  return {
    legends: names,
    xAxis: { type: "category", data: rows.map(([label]) => label) },
    yAxis: [{ name: "price" }],
    series: names.map((name) => ({ name, type: "line", yAxisIndex: 0, data: rows })),
  };
}

function loadedChart(picture = PRICE_CHART, points = 100) {
  const chart = new Chart(REQUEST, points);
  chart.onRender(staticRender(picture));
  return chart;
}

const places = (chart, index = 0) => rowsOf(chart.drawing(index), chart.series[index].width).map(([place]) => place);

test("a static render is the whole chart", () => {
  const chart = loadedChart();
  assert.deepEqual([chart.chart_id, chart.seq, chart.legends, chart.yAxis], ["main", 3, PRICE_CHART.legends, PRICE_CHART.yAxis]);
  const expected = PRICE_CHART.series.map(({ name, type, yAxisIndex, data }) => [name, type, yAxisIndex, data]);
  assert.deepEqual(chart.series.map((one) => [one.name, one.type, one.yAxisIndex, one.points()]), expected);
  assert.deepEqual(chart.labels(), LABELS);
});

test("a later static render replaces all of it", () => {
  const chart = loadedChart();
  chart.onRender(staticRender(lineChart([["a", 1], ["b", 2]])));
  assert.deepEqual(chart.series.map((one) => one.points()), [[["a", 1], ["b", 2]]]);
  assert.deepEqual([chart.labels(), places(chart)], [["a", "b"], [0, 1]]);
});

test("a point with a new label is appended, to the one axis of all series", () => {
  const chart = loadedChart();
  chart.onRender(dynamicRender([[0, LAST + 1, 433, 434, 432, 435], [1, LAST + 1, 433.5], [2, LAST + 1, 300]]));
  assert.deepEqual(chart.labels(), [...LABELS, LAST + 1]);
  assert.deepEqual(chart.series.map((one) => one.points().at(-1)), [
    [LAST + 1, 433, 434, 432, 435], [LAST + 1, 433.5], [LAST + 1, 300],
  ]);
  assert.deepEqual([0, 1, 2].map((index) => places(chart, index).at(-1)), [3, 3, 3]);
  assert.equal(chart.seq, 4);
});

test("a point whose label is the series' last label replaces it", () => {
  const chart = loadedChart();
  chart.onRender(dynamicRender([[2, LAST, 250], [2, LAST, 260]]));
  assert.deepEqual(chart.series[2].points(), [[LABELS[0], 0], [LABELS[1], 100], [LAST, 260]]);
  assert.deepEqual(chart.labels(), LABELS);
});

test("many points of one message keep their order, series by series or label by label", () => {
  const [a, b] = [LAST + 1, LAST + 2];
  for (const rows of [[[1, a, 1], [1, b, 2], [2, a, 3], [2, b, 4]], [[1, a, 1], [2, a, 3], [1, b, 2], [2, b, 4]]]) {
    const chart = loadedChart();
    chart.onRender(dynamicRender(rows));
    assert.deepEqual(chart.labels(), [...LABELS, a, b]);
    assert.deepEqual([places(chart, 1), places(chart, 2)], [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]);
  }
});

test("a label that comes back after another is another place on the axis, for every series", () => {
  const chart = loadedChart(lineChart([["01", 1], ["02", 2]], ["AAPL", "sma:2"]));
  chart.onRender(dynamicRender([[0, "01", 3], [1, "01", 3]]));
  assert.deepEqual(chart.labels(), ["01", "02", "01"]);
  assert.deepEqual([places(chart, 0), places(chart, 1)], [[0, 1, 2], [0, 1, 2]]);
});

test("a series that begins later stands under its labels", () => {
  const chart = loadedChart();
  const picture = lineChart([["a", 1], ["b", 2], ["c", 3]], ["AAPL", "sma:2"]);
  picture.series[1].data = [["c", 2]];
  chart.onRender(staticRender(picture));
  assert.deepEqual([places(chart, 0), places(chart, 1)], [[0, 1, 2], [2]]);
});

test("a series may leave labels out and come back", () => {
  const chart = loadedChart(lineChart([["a", 1]], ["AAPL", "signal"]));
  for (const label of ["b", "c", "d"]) chart.onRender(dynamicRender([[0, label, 2]]));
  chart.onRender(dynamicRender([[1, "d", 9]]));
  assert.deepEqual([chart.labels(), places(chart, 1)], [["a", "b", "c", "d"], [0, 3]]);
});

test("a picture that is larger than the bound keeps its newest part, each point under its label", () => {
  const rows = Array.from({ length: 30 }, (_, i) => [`t${i}`, i]);
  const picture = lineChart(rows, ["AAPL", "sparse"]);
  picture.series[1].data = [["t3", 3], ["t19", 19], ["t22", 22]];
  const chart = loadedChart(picture, 10);
  assert.deepEqual(chart.labels(), rows.slice(20).map(([label]) => label));
  assert.deepEqual(chart.series.map((one) => one.points()), [rows.slice(20), [["t22", 22]]]);
  assert.deepEqual([places(chart, 0), places(chart, 1)], [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [2]]);
});

test("a full chart forgets its oldest labels, and every series moves with them", () => {
  const chart = loadedChart(PRICE_CHART, 3);
  chart.takeChanges();
  chart.onRender(dynamicRender([[1, LAST + 1, 9]]));
  assert.deepEqual(chart.labels(), [...LABELS.slice(1), LAST + 1]);
  assert.deepEqual([places(chart, 0), places(chart, 1)], [[0, 1], [0, 1, 2]]);
  assert.deepEqual(chart.takeChanges(), { labels: true, series: [0, 1, 2] });
  chart.onRender(dynamicRender([[1, LAST + 1, 10]]));
  assert.deepEqual(chart.takeChanges(), { labels: false, series: [1] });
});

test("changes name what is to be drawn anew, once", () => {
  const chart = loadedChart();
  assert.deepEqual(chart.takeChanges(), { labels: true, series: [0, 1, 2] });
  assert.deepEqual(chart.takeChanges(), { labels: false, series: [] });
  chart.onRender(dynamicRender([[1, LAST, 1]]));
  assert.deepEqual(chart.takeChanges(), { labels: false, series: [1] });
  chart.onRender(dynamicRender([[2, LAST + 1, 1]]));
  assert.deepEqual(chart.takeChanges(), { labels: true, series: [2] });
});

test("rows for a series that does not exist are passed over", () => {
  const chart = loadedChart();
  chart.onRender(dynamicRender([[7, LAST, 1], [-1, LAST, 1], [2, LAST, 5]]));
  assert.deepEqual(chart.series[2].points().at(-1), [LAST, 5]);
  assert.deepEqual(chart.labels(), LABELS);
});

test("listeners get the message as it came, after the chart took it in", () => {
  const chart = new Chart(REQUEST, 10);
  const seen = record(chart, "render", "dynamic");
  let newest;
  chart.on("dynamic", () => (newest = chart.series[2].points().at(-1)));
  const [first, second] = [staticRender(), dynamicRender([[2, LAST, 430.5]])];
  chart.onRender(first);
  chart.onRender(second);
  assert.deepEqual(seen, [["render", first], ["dynamic", second]]);
  assert.deepEqual(newest, [LAST, 430.5]);
});

test("before the static render of the latest request nothing dynamic counts", () => {
  const chart = new Chart(REQUEST, 10);
  const seen = record(chart, "dynamic");
  chart.onRender(dynamicRender([[0, LAST, 1]]));
  chart.onRender(staticRender());
  chart.onRequested();
  chart.onRender(dynamicRender([[2, LAST, 999]]));
  assert.deepEqual([seen, chart.series[2].points().at(-1), chart.seq], [[], [LAST, 200], 3]);
});
