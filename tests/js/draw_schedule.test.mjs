/** Charts are drawn in turns that leave the page half of its time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DrawSchedule } from "../../site/static/js/rtc/draw_schedule.js";
import { fakeElement, fakeFrames, LABELS, REQUEST, dynamicRender, startCharts, staticRender } from "./chart_harness.mjs";
import { FakeClock } from "./fake_clock.mjs";

const FRAME_MS = 16;

/**
 * Charts that take so long each to draw, and to show what is newest; `drawn` has the names of those that were drawn, in
 * order, `newest` the moments and names of those that showed it.
 */
function startSchedule(names, costMs = 0, newestMs = 0) {
  const [clock, frames, drawn, newest, errors] = [new FakeClock(), fakeFrames(), [], [], []];
  const schedule = new DrawSchedule(frames.request, clock, (error) => errors.push(error));
  const charts = Object.fromEntries(names.map((name) => [name, {
    isUnderPointer: false,
    isFavoured: () => charts[name].isUnderPointer,
    draw() {
      drawn.push(name);
      clock.sleep(costMs);
    },
    drawNewest() {
      newest.push([clock.now(), name]);
      clock.sleep(newestMs);
    },
  }]));
  for (const chart of Object.values(charts)) schedule.add(chart);
  const invalidateAll = () => Object.values(charts).forEach((chart) => schedule.invalidate(chart));
  /** One animation frame, and the time until the next one. */
  const runFrame = () => {
    const begun = clock.now();
    frames.run();
    clock.sleep(Math.max(0, FRAME_MS - (clock.now() - begun)));
  };
  return { clock, frames, drawn, newest, errors, schedule, charts, invalidateAll, runFrame };
}

const count = (drawn) => drawn.reduce((counts, name) => ({ ...counts, [name]: (counts[name] ?? 0) + 1 }), {});

test("what is cheap is drawn in the next frame, all of it", () => {
  const { frames, drawn, invalidateAll, runFrame } = startSchedule(["a", "b", "c"], 1);
  invalidateAll();
  assert.equal(frames.waiting, 1);
  runFrame();
  assert.deepEqual([drawn, frames.waiting], [["a", "b", "c"], 0]);
});

test("what is costly is drawn one in a frame, each as often as the others", () => {
  const names = ["a", "b", "c", "d"];
  const { drawn, invalidateAll, runFrame } = startSchedule(names, 10);
  for (let frame = 0; frame < 80; frame += 1) {
    invalidateAll();
    const before = drawn.length;
    runFrame();
    assert.ok(drawn.length - before <= 1);
  }
  assert.deepEqual(drawn.slice(0, 8), [...names, ...names]);
  assert.deepEqual(count(drawn), { a: 17, b: 16, c: 16, d: 16 }); // of 128 for which there would be time
});

test("drawing takes at most half of the time, however many charts wait and whatever each costs", () => {
  for (const costMs of [1, 2, 5, 7, 12, 28, 100]) {
    const { clock, drawn, invalidateAll, runFrame } = startSchedule(Array.from({ length: 12 }, (_, i) => `chart ${i}`), costMs);
    const begun = clock.now();
    while (clock.now() - begun < 10_000) {
      invalidateAll();
      runFrame();
    }
    const share = (drawn.length * costMs) / (clock.now() - begun);
    assert.ok(share > 0.2 && share <= 0.51, `${costMs} ms each: ${share}`);
  }
});

test("the only chart of a page is drawn in every frame, whatever it costs", () => {
  const { drawn, invalidateAll, runFrame } = startSchedule(["alone"], 100);
  for (let frame = 0; frame < 20; frame += 1) {
    invalidateAll();
    runFrame();
  }
  assert.equal(drawn.length, 20);
});

test("after a calm moment the first change is drawn in the next frame", () => {
  const { clock, drawn, schedule, charts, runFrame } = startSchedule(["a", "b"], 30);
  schedule.invalidate(charts.a);
  runFrame();
  clock.sleep(30);
  schedule.invalidate(charts.b);
  runFrame();
  assert.deepEqual(drawn, ["a", "b"]);
});

test("what is out of sight is not drawn and asks for no frame, and is drawn when it is seen", () => {
  const { frames, drawn, schedule, charts, runFrame } = startSchedule(["a", "b"]);
  schedule.setSeen(charts.b, false);
  schedule.invalidate(charts.b);
  assert.equal(frames.waiting, 0);
  schedule.invalidate(charts.a);
  for (let frame = 0; frame < 3; frame += 1) runFrame();
  assert.deepEqual([drawn, frames.waiting], [["a"], 0]);
  schedule.setSeen(charts.b, true);
  runFrame();
  assert.deepEqual(drawn, ["a", "b"]);
});

test("one under the pointer is drawn more often, and the others go on", () => {
  const { drawn, charts, invalidateAll, runFrame } = startSchedule(["a", "b", "c", "d"], 10);
  charts.c.isUnderPointer = true;
  for (let frame = 0; frame < 200; frame += 1) {
    invalidateAll();
    runFrame();
  }
  const { a, b, c, d } = count(drawn);
  assert.ok(c >= 2 * a, `${c} and ${a}`);
  assert.ok(Math.max(a, b, d) - Math.min(a, b, d) <= 1 && a >= 10);
});

test("one whose drawing fails is reported and does not stop the others", () => {
  const { drawn, errors, charts, invalidateAll, runFrame } = startSchedule(["a", "b", "c"]);
  charts.b.draw = () => {
    throw new Error("no canvas");
  };
  invalidateAll();
  runFrame();
  assert.deepEqual([drawn, errors.map(({ message }) => message)], [["a", "c"], ["no canvas"]]);
});

test("one that is given up is not drawn any more, and a frame on its way finds nothing to do", () => {
  const { drawn, schedule, charts, frames, invalidateAll, runFrame } = startSchedule(["a"]);
  invalidateAll();
  schedule.remove(charts.a);
  schedule.invalidate(charts.a);
  schedule.setSeen(charts.a, true);
  runFrame();
  assert.deepEqual([drawn, frames.waiting], [[], 0]);
});

test("charts of several owners take turns when their frames come from the same source", () => {
  const [frames, clock] = [fakeFrames(), new FakeClock()];
  assert.equal(DrawSchedule.of(frames.request, clock), DrawSchedule.of(frames.request, clock));
  assert.notEqual(DrawSchedule.of(frames.request, clock), DrawSchedule.of(fakeFrames().request, clock));
});

test("a drawn chart is out of sight when the page's observer says so", () => {
  const observers = [];
  class FakeIntersectionObserver {
    constructor(run) {
      this.run = run;
      this.elements = [];
      observers.push(this);
    }

    observe(element) {
      this.elements.push(element);
    }

    disconnect() {
      this.elements = [];
    }
  }
  const place = fakeElement();
  const { charts, frames, echarts, render } = startCharts({ IntersectionObserver: FakeIntersectionObserver });
  charts.request({ ...REQUEST, element: place });
  const [observer] = observers;
  assert.deepEqual(observer.elements, [place]);
  render(staticRender());
  frames.run();
  observer.run([{ isIntersecting: true }, { isIntersecting: false }]);
  render(dynamicRender([[2, LABELS[2], 1]]));
  frames.run();
  const [{ options }] = echarts.instances;
  assert.equal(options.length, 1);
  observer.run([{ isIntersecting: true }]);
  frames.run();
  assert.equal(options.length, 2);
  charts.dispose();
  assert.deepEqual(observer.elements, []);
});

// What is newest, between two drawings.

const NAMES = Array.from({ length: 12 }, (_, index) => `chart ${index}`);

test("of twelve costly charts each shows what is newest ten times a second, all at once, or is drawn", () => {
  const { clock, drawn, newest, invalidateAll, runFrame } = startSchedule(NAMES, 20);
  const begun = clock.now();
  while (clock.now() - begun < 6000) {
    invalidateAll();
    runFrame();
  }
  const moments = [...new Set(newest.map(([at]) => at))];
  const gaps = moments.slice(1).map((at, index) => at - moments[index]);
  assert.ok(Math.max(...gaps) <= 100 + 20 + FRAME_MS, `${Math.max(...gaps)}`);
  assert.ok(Math.min(...gaps) >= 100, `${Math.min(...gaps)}`);
  for (const moment of moments) assert.ok(newest.filter(([at]) => at === moment).length >= NAMES.length - 1);
  assert.ok(drawn.length > 120); // and is drawn as often as before: twenty times a second of twenty milliseconds each
});

test("on a page of very many charts that takes at most a tenth of the time", () => {
  const { clock, newest, invalidateAll, runFrame } = startSchedule(Array.from({ length: 300 }, (_, i) => `chart ${i}`), 20, 1);
  const begun = clock.now();
  while (clock.now() - begun < 30_000) {
    invalidateAll();
    runFrame();
  }
  const share = newest.length / (clock.now() - begun);
  assert.ok(share > 0.05 && share <= 0.1, `${share}`);
});

test("a chart that is drawn in time, one alone, and one out of sight do without", () => {
  const [cheap, alone, unseen] = [startSchedule(["a", "b"], 1), startSchedule(["alone"], 50), startSchedule(["a", "b"], 30)];
  unseen.schedule.setSeen(unseen.charts.b, false);
  for (const { invalidateAll, runFrame } of [cheap, alone, unseen]) {
    for (let frame = 0; frame < 50; frame += 1) {
      invalidateAll();
      runFrame();
    }
  }
  assert.deepEqual([cheap.newest, alone.newest], [[], []]);
  assert.ok(unseen.newest.every(([, name]) => name === "a"));
});

test("one that fails at it is reported, and the others show it", () => {
  const { newest, errors, charts, invalidateAll, runFrame } = startSchedule(["a", "b", "c"], 30);
  charts.b.drawNewest = () => {
    throw new Error("no");
  };
  invalidateAll();
  runFrame();
  assert.deepEqual([newest.map(([, name]) => name), errors.map(({ message }) => message)], [["c"], ["no"]]);
});
