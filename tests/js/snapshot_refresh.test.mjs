/** When a chart is asked for again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SnapshotRefresh } from "../../site/static/js/rtc/snapshot_refresh.js";
import { RefreshPace } from "../../site/static/js/rtc/refresh_pace.js";
import { FakeClock } from "./fake_clock.mjs";

function startRefresh(isHeld = false) {
  const clock = new FakeClock();
  const begin = clock.now();
  const asked = [];
  const refresh = new SnapshotRefresh(clock, () => asked.push(clock.now() - begin), isHeld);
  return { clock, asked, refresh };
}

test("the first wish is carried out at once", () => {
  const { asked, clock, refresh } = startRefresh();
  refresh.want();
  assert.deepEqual([asked, clock.pending], [[0], 0]);
});

test("while the client lags a wish waits, and is carried out once when that is over", () => {
  const { asked, clock, refresh } = startRefresh(true);
  for (let gaps = 0; gaps < 10; gaps += 1) refresh.want();
  clock.advance(60_000);
  assert.deepEqual(asked, []);
  refresh.release();
  clock.advance(60_000);
  assert.deepEqual(asked, [60_000]);
});

test("without a wish the end of a lag is nothing", () => {
  const { asked, clock, refresh } = startRefresh(true);
  refresh.release();
  assert.deepEqual([asked, clock.pending], [[], 0]);
});

test("each wish that comes soon after another waits longer than the one before, up to half a minute", () => {
  const { asked, clock, refresh } = startRefresh();
  for (let tenth = 0; tenth < 1500; tenth += 1) {
    refresh.want();
    clock.advance(100);
  }
  assert.deepEqual(asked, [0, 1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000, 121_000]);
});

test("after a calm time it is quick again", () => {
  const { asked, clock, refresh } = startRefresh();
  for (const pause of [5000, 5000, 60_000, 1000, 0]) {
    refresh.want();
    clock.advance(pause);
  }
  assert.deepEqual(asked, [0, 5000, 10_000, 70_000, 71_000]);
});

test("a lag that begins during the wait ends the wait, and what is wanted stays wanted", () => {
  const { asked, clock, refresh } = startRefresh();
  refresh.want();
  refresh.want();
  assert.equal(clock.pending, 1);
  refresh.hold();
  assert.equal(clock.pending, 0);
  clock.advance(10_000);
  refresh.release();
  assert.deepEqual(asked, [0, 10_000]);
});

test("what the server refused for now is tried again after a second, and ever later", () => {
  const { asked, clock, refresh } = startRefresh();
  refresh.retry();
  for (let tenth = 0; tenth < 200; tenth += 1) {
    const before = asked.length;
    clock.advance(100);
    if (asked.length > before) refresh.retry();
  }
  assert.deepEqual(asked, [1000, 2000, 4000, 8000, 16_000]);
});

test("what was refused during a lag is tried again when that is over", () => {
  const { asked, clock, refresh } = startRefresh(true);
  refresh.retry();
  clock.advance(5000);
  refresh.release();
  assert.deepEqual(asked, [5000]);
});

test("a wish that is cancelled leaves no timer and is not carried out", () => {
  const { asked, clock, refresh } = startRefresh();
  refresh.want();
  refresh.want();
  refresh.cancel();
  assert.equal(clock.pending, 0);
  clock.advance(60_000);
  assert.deepEqual(asked, [0]);
});

test("a pace that was never used lets one begin at once, whatever the clock says", () => {
  for (const now of [0, 1e12]) assert.equal(new RefreshPace().delayMs(now), 0);
});
