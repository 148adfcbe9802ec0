import assert from "node:assert/strict";
import { test } from "node:test";
import { LabelAxis } from "../../site/static/js/rtc/label_axis.js";
import { ZoomPlace } from "../../site/static/js/rtc/zoom_place.js";

const times = (from, count) => Array.from({ length: count }, (_, i) => 1000 * (from + i));

function startAxis(labels, capacity = 1000) {
  const [axis, zoom] = [new LabelAxis(capacity), new ZoomPlace()];
  axis.load(labels);
  zoom.take(axis);
  /** The labels at the ends of what is seen, as ECharts rounds them. */
  const seen = () => {
    const { start, end } = zoom.take(axis);
    const shown = axis.toArray();
    return [start, end].map((percent) => shown[Math.round((percent / 100) * (shown.length - 1))]);
  };
  const append = (more) => more.forEach((label) => axis.place(label, axis.end - 1));
  return { axis, zoom, seen, append };
}

test("until somebody zooms nothing is chosen", () => {
  const { axis, zoom } = startAxis(times(0, 400));
  assert.equal(zoom.take(axis), null);
});

test("a place stays in view while points come", () => {
  const { zoom, seen, append } = startAxis(times(0, 400));
  zoom.onZoom({ start: 20, end: 30 });
  assert.deepEqual(seen(), [80_000, 120_000]);
  for (let i = 400; i < 900; i += 7) {
    append(times(i, 7));
    assert.deepEqual(seen(), [80_000, 120_000]);
  }
});

test("a place stays in view while old points are forgotten, until it is forgotten itself", () => {
  const { axis, zoom, seen, append } = startAxis(times(0, 400), 400);
  zoom.onZoom({ start: 20, end: 30 });
  append(times(400, 60));
  assert.deepEqual([axis.first, seen()], [60, [80_000, 120_000]]);
  append(times(460, 60));
  assert.deepEqual(seen(), [120_000, 160_000]); // the oldest that there are, as many as before
  append(times(520, 1000));
  assert.deepEqual(seen(), [1_120_000, 1_160_000]);
});

test("a place is found again in the picture that comes after a reconnect", () => {
  const { axis, zoom, seen } = startAxis(times(0, 400));
  zoom.onZoom({ start: 20, end: 30 });
  axis.load(times(50, 700));
  assert.deepEqual(seen(), [80_000, 120_000]);
  axis.load(times(50, 700).filter((time) => time !== 80_000));
  assert.deepEqual(seen(), [81_000, 120_000]);
});

test("a place that the new picture does not have any more shows the oldest points", () => {
  const { axis, zoom, seen } = startAxis(times(0, 400));
  zoom.onZoom({ start: 20, end: 30 });
  axis.load(times(500, 300));
  assert.deepEqual(seen(), [500_000, 540_000]);
});

test("a place of labels that are texts is found again, too", () => {
  const texts = (from, count) => times(from, count).map((time) => `t${time}`);
  const { axis, zoom, seen } = startAxis(texts(0, 400));
  zoom.onZoom({ startValue: 80, endValue: 120 });
  axis.load(texts(50, 400));
  assert.deepEqual(seen(), ["t80000", "t120000"]);
});

test("whoever sees the newest points goes on seeing as many of the newest", () => {
  const { axis, zoom, seen, append } = startAxis(times(0, 400));
  zoom.onZoom({ start: 90, end: 100 });
  append(times(400, 50));
  assert.deepEqual(seen(), [409_000, 449_000]);
  axis.load(times(0, 500));
  assert.deepEqual(seen(), [459_000, 499_000]);
});

test("whoever sees all goes on seeing all, and more than there are is all", () => {
  const { axis, zoom, append } = startAxis(times(0, 400));
  zoom.onZoom({ start: 0, end: 100 });
  append(times(400, 50));
  assert.deepEqual(zoom.take(axis), { start: 0, end: 100 });
  zoom.onZoom({ start: 50, end: 100 });
  axis.load(times(0, 10));
  assert.deepEqual(zoom.take(axis), { start: 0, end: 100 });
});

test("a finger that moves by less than a bar is not lost when points come", () => {
  const { zoom, axis, append } = startAxis(times(0, 401));
  zoom.onZoom({ start: 20, end: 30 });
  for (let i = 0; i < 10; i += 1) {
    append(times(401 + i, 1));
    const { start, end } = zoom.take(axis);
    zoom.onZoom({ batch: [{ start: start - 0.1, end: end - 0.1 }] });
  }
  const { start } = zoom.take(axis);
  assert.ok((start / 100) * (axis.end - 1) < 76.1);
});

test("what is halfway between two labels is rounded the same way every time", () => {
  const { zoom, seen, append } = startAxis(times(0, 400));
  zoom.onZoom({ start: 50, end: 75 });
  const before = seen();
  for (let i = 0; i < 200; i += 1) {
    append(times(400 + i, 1));
    assert.deepEqual(seen(), before);
  }
});

test("an axis without points has no place to choose", () => {
  const { zoom, axis } = startAxis([]);
  zoom.onZoom({ start: 20, end: 30 });
  assert.equal(zoom.take(axis), null);
});

test("a place stays in view while older points are put before it, and while one is inserted", () => {
  const { axis, zoom, seen } = startAxis(times(0, 400));
  zoom.onZoom({ start: 20, end: 30 });
  axis.prepend(times(-100, 100), 2000);
  assert.deepEqual([axis.first, seen()], [-100, [80_000, 120_000]]);
  axis.insert(70_500, false);
  assert.deepEqual(seen(), [80_000, 120_000]);
  axis.insert(300_500, false);
  assert.deepEqual(seen(), [80_000, 120_000]);
});

test("whoever sees all, or the newest, goes on seeing as much while older points are put before it", () => {
  const { axis, zoom, seen } = startAxis(times(0, 400));
  zoom.onZoom({ start: 0, end: 100 });
  axis.prepend(times(-100, 100), 2000);
  assert.deepEqual(seen(), [0, 399_000]);
  axis.prepend(times(-200, 100), 2000);
  assert.deepEqual(seen(), [0, 399_000]);
});

test("the reader is near the oldest point within a part of what is seen", () => {
  const { zoom, axis } = startAxis(times(0, 401));
  assert.equal(zoom.isNearOldest(axis), null);
  const near = [[0, 50], [9, 59], [11, 61], [50, 100]].map(([start, end]) => {
    zoom.onZoom({ start, end });
    return zoom.isNearOldest(axis);
  });
  assert.deepEqual(near, [true, true, false, false]);
});

test("what has come and is not drawn yet counts: nobody is near the oldest point any more", () => {
  for (const seen of [{ start: 0, end: 30 }, { start: 0, end: 100 }]) {
    const { zoom, axis } = startAxis(times(0, 401));
    zoom.onZoom(seen);
    assert.equal(zoom.isNearOldest(axis), true);
    axis.prepend(times(-500, 500), 2000);
    assert.equal(zoom.isNearOldest(axis), false);
    zoom.onZoom(seen); // the drag goes on, on the old drawing
    assert.equal(zoom.isNearOldest(axis), false);
  }
});
