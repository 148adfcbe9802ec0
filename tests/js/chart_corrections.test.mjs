/** Rows that correct earlier ones, and pages of older ones: the chart is what a plain array of all rows comes to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Chart } from "../../site/static/js/rtc/index.js";
import { dynamicRender, LABELS, PRICE_CHART, REQUEST, rowsOf, staticRender } from "./chart_harness.mjs";
import { randomFrom } from "./tce_harness.mjs";

const [FIRST, SECOND, LAST] = LABELS;
const BAR = 60_000;

function chartOf(picture, { points = 100, paging, ...render } = {}) {
  const chart = new Chart(REQUEST, points, paging);
  chart.onRender({ ...staticRender(picture), ...render });
  return chart;
}

const placesOf = (chart, index = 0) => rowsOf(chart.drawing(index), chart.series[index].width).map(([place]) => place);

test("a row with an earlier label takes that label's place in its series, and nothing else moves", () => {
  const chart = chartOf(PRICE_CHART);
  chart.takeChanges();
  chart.onRender(dynamicRender([[0, SECOND, 1, 2, 3, 4], [1, SECOND, 5]]));
  assert.deepEqual(chart.series[0].points().map((row) => row[1]), [430, 1, 432]);
  assert.deepEqual(chart.series[1].points()[1], [SECOND, 5]);
  assert.deepEqual(chart.series[2].points(), PRICE_CHART.series[2].data);
  assert.deepEqual([chart.labels(), chart.takeChanges()], [LABELS, { labels: false, series: [0, 1] }]);
});

test("a row whose label is missing is inserted in order, for all series, which are drawn anew", () => {
  const chart = chartOf(PRICE_CHART);
  chart.takeChanges();
  const between = SECOND + 1;
  chart.onRender(dynamicRender([[0, between, 1, 2, 3, 4], [2, between, 7], [0, LAST, 9, 9, 9, 9]]));
  assert.deepEqual(chart.labels(), [FIRST, SECOND, between, LAST]);
  assert.deepEqual(chart.series[2].points(), [[FIRST, 0], [SECOND, 100], [between, 7], [LAST, 200]]);
  assert.deepEqual([0, 1, 2].map((index) => placesOf(chart, index)), [[0, 1, 2, 3], [0, 1, 3], [0, 1, 2, 3]]);
  assert.deepEqual(chart.takeChanges(), { labels: true, series: [0, 1, 2] });
});

test("before the first row one is inserted only where nothing older is elsewhere", () => {
  const early = [[0, FIRST - BAR, 1, 2, 3, 4]];
  const [whole, part] = [chartOf(PRICE_CHART), chartOf(PRICE_CHART, { older: true })];
  for (const chart of [whole, part]) chart.onRender(dynamicRender(early));
  assert.deepEqual([whole.labels(), part.labels()], [[FIRST - BAR, ...LABELS], LABELS]);
});

test("a row that is older than all that a full chart keeps is passed over", () => {
  const chart = chartOf(PRICE_CHART, { points: 3 });
  chart.onRender(dynamicRender([[0, FIRST - BAR, 1, 2, 3, 4]]));
  assert.deepEqual([chart.labels(), chart.series[0].points().length], [LABELS, 3]);
});

function clockChart(labels, period = 60) {
  const picture = {
    legends: ["A"], xAxis: { data: labels }, yAxis: [{ name: "price" }],
    series: [{ name: "A", type: "line", yAxisIndex: 0, data: labels.map((label, place) => [label, place]) }],
  };
  const chart = new Chart({ ...REQUEST, period }, 100);
  chart.onRender(staticRender(picture));
  return chart;
}

test("a time of day a little back is a correction; over midnight, and after a night, it is not", () => {
  const chart = clockChart(["23:58:00", "23:59:00"]);
  for (const [label, value] of [["00:00:00", 2], ["23:59:00", 9], ["09:00:00", 3]]) chart.onRender(dynamicRender([[0, label, value]]));
  assert.deepEqual(chart.series[0].points(), [["23:58:00", 0], ["23:59:00", 9], ["00:00:00", 2], ["09:00:00", 3]]);
});

test("a late bar of hours is as far back as the bar is long", () => {
  const chart = clockChart(["09:00:00", "13:00:00"], "4h");
  chart.onRender(dynamicRender([[0, "09:00:00", 7]]));
  assert.deepEqual(chart.series[0].points(), [["09:00:00", 7], ["13:00:00", 1]]);
});

/**
 * A server's rows of two series: label -> [price, average or null], in order. A tick sets, corrects or adds a row; the
 * average depends on the rows before it, so that a correction changes those after it as well.
 */
class Model {
  rows = [];

  constructor(count, random) {
    this.random = random;
    for (let bar = 0; bar < count; bar += 1) this.rows.push([FIRST + 2 * BAR * bar, Math.floor(100 * random())]);
  }

  /** The rows that the server would send for one more tick: those that changed, the newest last. */
  tick() {
    const newest = this.rows.at(-1)[0];
    const kind = this.random();
    const back = Math.floor(6 * this.random()) * BAR;
    const label = kind < 0.4 ? newest - back : kind < 0.7 ? newest : newest + BAR * (1 + Math.floor(2 * this.random()));
    const price = Math.floor(100 * this.random());
    const place = this.rows.findIndex(([each]) => each >= label);
    if (place < 0) this.rows.push([label, price]);
    else if (this.rows[place][0] === label) this.rows[place] = [label, price];
    else this.rows.splice(place, 0, [label, price]);
    return this.rows.findIndex(([each]) => each === label);
  }

  average(place) {
    return place < 2 ? null : (this.rows[place][1] + this.rows[place - 1][1] + this.rows[place - 2][1]) / 3;
  }

  increments(from) {
    return this.rows.slice(from).flatMap(([label, price], index) => {
      const average = this.average(from + index);
      return average === null ? [[0, label, price]] : [[0, label, price], [1, label, average]];
    });
  }

  picture(from, end = this.rows.length) {
    const places = Array.from({ length: Math.max(0, end - from) }, (_, index) => from + index);
    const averages = places.filter((place) => this.average(place) !== null).map((place) => [this.rows[place][0], this.average(place)]);
    return {
      legends: ["A", "sma:3"],
      xAxis: { data: places.map((place) => this.rows[place][0]) },
      yAxis: [{ name: "price" }],
      series: [
        { name: "A", type: "line", yAxisIndex: 0, data: places.map((place) => this.rows[place]) },
        { name: "sma:3", type: "line", yAxisIndex: 0, data: averages },
      ],
    };
  }
}

function assertIs(chart, model) {
  const labels = chart.labels();
  const from = model.rows.findIndex(([label]) => label === labels[0]);
  const expected = model.picture(from);
  assert.deepEqual(labels, expected.xAxis.data);
  chart.series.forEach((series, index) => {
    const kept = series.points().filter(([label]) => label >= labels[0]);
    assert.deepEqual(kept, expected.series[index].data);
    // What is drawn stands under its label.
    const drawn = rowsOf(chart.drawing(index)).map(([place, value]) => [labels[place], value]);
    assert.deepEqual(drawn, expected.series[index].data);
  });
}

for (let seed = 1; seed <= 120; seed += 1) {
  test(`with late rows, pages and new pictures a chart is what the array is (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const model = new Model(10 + Math.floor(60 * random()), random);
    const ask = async (before, count) => {
      const end = model.rows.findIndex(([label]) => label === before);
      const from = Math.max(0, end - count);
      return { chart: model.picture(from, end), older: from > 0 };
    };
    const [points, most] = [4 + Math.floor(40 * random()), 60];
    const chart = new Chart(REQUEST, points, { most, ask });
    const load = () => {
      const from = Math.max(0, model.rows.length - 3 - Math.floor(20 * random()));
      chart.onRender({ ...staticRender(model.picture(from)), older: from > 0 });
    };
    load();
    for (let step = 0; step < 80; step += 1) {
      const kind = random();
      if (kind < 0.08) await chart.loadOlder(1 + Math.floor(12 * random()));
      else if (kind < 0.12) load();
      else chart.onRender(dynamicRender(model.increments(model.tick())));
      assertIs(chart, model);
      assert.ok(chart.labels().length <= Math.max(points, most));
    }
  });
}
