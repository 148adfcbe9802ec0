import assert from "node:assert/strict";
import { test } from "node:test";
import { Chart, RTError } from "../../site/static/js/rtc/index.js";
import { dynamicRender, REQUEST, staticRender } from "./chart_harness.mjs";
import { record } from "./client_harness.mjs";

const times = (from, count) => Array.from({ length: count }, (_, index) => 1000 * (from + index));

function lines(labels) {
  const series = [{ name: "A", type: "line", yAxisIndex: 0, data: labels.map((label) => [label, label / 1000]) }];
  return { legends: ["A"], xAxis: { data: labels }, yAxis: [{ name: "price" }], series };
}

/** A chart of 100 rows whose pages come when the test says so. */
function startPaged({ points = 200, most = 300, labels = times(0, 100), ...more } = {}) {
  const { older } = { older: true, ...more };
  const asked = [];
  const ask = (before, count) => new Promise((resolve, reject) => asked.push({ before, count, resolve, reject }));
  const chart = new Chart(REQUEST, points, { most, ask });
  chart.onRender({ ...staticRender(lines(labels), { seq: 100 }), older });
  const answer = async (labels, older) => {
    asked.at(-1).resolve({ chart: lines(labels), older });
    await new Promise(setImmediate);
  };
  return { chart, asked, answer };
}

const ends = (chart) => [chart.labels()[0] / 1000, chart.labels().at(-1) / 1000];
const asks = (asked) => asked.map(({ before, count }) => [before / 1000, count]);

test("a page comes before the first row, and the next one before that", async () => {
  const { chart, asked, answer } = startPaged();
  const came = chart.loadOlder(50);
  assert.deepEqual(chart.older, { hasMore: true, isLoading: true, isFull: false, error: null });
  await answer(times(-50, 50), true);
  assert.deepEqual([await came, ends(chart), chart.series[0].points().length], [50, [-50, 99], 150]);
  chart.loadOlder();
  await answer(times(-80, 30), false);
  assert.deepEqual([asks(asked), ends(chart), chart.older.hasMore], [[[0, 50], [-50, 150]], [-80, 99], false]);
});

test("one page is on its way at a time, for whoever asks", () => {
  const { chart, asked } = startPaged();
  assert.equal(chart.loadOlder(), chart.loadOlder(10));
  assert.equal(asked.length, 1);
});

for (const [why, options] of [
  ["the server has nothing older", { older: false }],
  ["the server is of before and does not say", { older: undefined }],
  ["the chart is full", { most: 100, points: 100 }],
  ["the labels are texts", { labels: ["Monday", "Tuesday"] }],
]) {
  test(`nothing is asked for where ${why}`, async () => {
    const { chart, asked } = startPaged(options);
    assert.deepEqual([await chart.loadOlder(), asked], [0, []]);
  });
}

test("a chart of nobody who can ask has nothing older", async () => {
  const chart = new Chart(REQUEST, 10);
  chart.onRender({ ...staticRender(), older: true });
  assert.equal(await chart.loadOlder(), 0);
});

test("a page is no larger than what finds room, and what does not is still there to be asked for", async () => {
  const { chart, asked, answer } = startPaged({ points: 100, most: 130 });
  chart.loadOlder(1000);
  await answer(times(-50, 50), false); // a server that sends more than was asked for
  assert.deepEqual([asks(asked), ends(chart)], [[[0, 30]], [-30, 99]]);
  assert.deepEqual([chart.older.hasMore, chart.older.isFull], [true, true]);
});

test("live rows go on at the right, and what they push out at the left can be asked for again", async () => {
  const { chart, asked, answer } = startPaged({ points: 100, most: 150 });
  chart.loadOlder(50);
  await answer(times(-50, 50), false);
  for (let row = 100; row < 130; row += 1) chart.onRender(dynamicRender([[0, 1000 * row, row]], { seq: row + 1 }));
  assert.deepEqual([ends(chart), chart.older.hasMore], [[-20, 129], true]);
  assert.deepEqual([await chart.loadOlder(), asked.length], [0, 1]); // full
});

test("a page that comes after another picture is left out", async () => {
  const { chart, answer } = startPaged();
  const came = chart.loadOlder();
  chart.onRender({ ...staticRender(lines(times(500, 10))), older: true });
  await answer(times(-50, 50), true);
  assert.deepEqual([await came, ends(chart), chart.older.isLoading], [0, [500, 509], false]);
});

test("older rows stay where the next picture joins them, with what is known of what is before them", async () => {
  const { chart, answer } = startPaged();
  chart.loadOlder();
  await answer(times(-50, 50), false);
  const picture = lines(times(60, 80));
  picture.series[0].data[0][1] = 7;
  chart.onRender({ ...staticRender(picture), older: true });
  assert.deepEqual([ends(chart), chart.labels().length, chart.older.hasMore], [[-50, 139], 190, false]);
  assert.deepEqual(chart.series[0].points().slice(109, 112), [[59_000, 59], [60_000, 7], [61_000, 61]]);
});

test("older rows go where the next picture does not join them", async () => {
  const { chart, answer } = startPaged();
  chart.loadOlder();
  await answer(times(-50, 50), false);
  chart.onRender({ ...staticRender(lines(times(200, 80))), older: true });
  assert.deepEqual([ends(chart), chart.older.hasMore], [[200, 279], true]);
});

test("rows that nobody asked for go with the next picture", () => {
  const { chart } = startPaged();
  chart.onRender({ ...staticRender(lines(times(50, 80))), older: true });
  assert.deepEqual(ends(chart), [50, 129]);
});

test("a page that fails says why, and may be asked for again", async () => {
  const { chart, asked, answer } = startPaged();
  const came = chart.loadOlder();
  asked[0].reject(new RTError("history_failed", "the database is away"));
  await assert.rejects(came, { code: "history_failed" });
  assert.deepEqual([chart.older.error.code, chart.older.isLoading, chart.older.hasMore], ["history_failed", false, true]);
  chart.loadOlder();
  await answer(times(-50, 50), true);
  assert.deepEqual([ends(chart), chart.older.error], [[-50, 99], null]);
});

test("a page that another request for the chart has replaced is no failure", async () => {
  const { chart, asked } = startPaged();
  const came = chart.loadOlder();
  asked[0].reject(new RTError("replaced", "the chart was asked for again"));
  assert.deepEqual([await came, chart.older.error, chart.older.hasMore], [0, null, true]);
});

test("times of day have pages, too", async () => {
  const { chart, asked, answer } = startPaged({ labels: ["09:31:00", "09:32:00"] });
  chart.loadOlder();
  await answer(["09:29:00", "09:30:00"], false);
  assert.deepEqual([asked[0].before, chart.labels()], ["09:31:00", ["09:29:00", "09:30:00", "09:31:00", "09:32:00"]]);
});

test("whoever listens is told of each change", async () => {
  const { chart, answer } = startPaged();
  const seen = record(chart, "older");
  chart.loadOlder();
  await answer(times(-50, 50), false);
  assert.deepEqual(seen.map(([, { isLoading, hasMore }]) => [isLoading, hasMore]), [[true, true], [false, false]]);
});

test("what a quote has beside its price is kept, the newest of it", () => {
  const { chart } = startPaged();
  const seen = record(chart, "quote");
  chart.onRender({ ...staticRender(lines(times(0, 10))), quote: { bid: 1, ask: 2 } });
  chart.onRender(dynamicRender([[0, 10_000, 10]]));
  chart.onRender({ ...dynamicRender([[0, 11_000, 11]]), quote: { bid: 3, ask: 4 } });
  assert.deepEqual([seen, chart.quote], [[["quote", { bid: 1, ask: 2 }], ["quote", { bid: 3, ask: 4 }]], { bid: 3, ask: 4 }]);
});
