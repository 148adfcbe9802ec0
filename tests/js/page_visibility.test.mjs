/** When a page counts as hidden. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PageVisibility } from "../../site/static/js/rtc/page_visibility.js";
import { fakeDocument } from "./chart_harness.mjs";
import { FakeClock } from "./fake_clock.mjs";

function watch({ state = "visible", afterMs = 5000 } = {}) {
  const [clock, document, seen] = [new FakeClock(), fakeDocument(state), []];
  const on = { hide: () => seen.push("hide"), show: () => seen.push("show") };
  const visibility = new PageVisibility({ document, clock, afterMs }, on);
  visibility.start();
  return { clock, document, seen, visibility };
}

test("a page is hidden when it has been for a while", () => {
  const { clock, document, seen, visibility } = watch();
  document.become("hidden");
  clock.advance(4999);
  assert.deepEqual([seen, visibility.isHidden], [[], false]);
  clock.advance(1);
  assert.deepEqual([seen, visibility.isHidden], [["hide"], true]);
});

test("a glance elsewhere is nothing, however often", () => {
  const { clock, document, seen } = watch();
  for (let glances = 0; glances < 10; glances += 1) {
    document.become("hidden");
    clock.advance(4999);
    document.become("visible");
  }
  clock.advance(60_000);
  assert.deepEqual([seen, clock.pending], [[], 0]);
});

test("it is shown again at once", () => {
  const { clock, document, seen, visibility } = watch();
  document.become("hidden");
  clock.advance(5000);
  document.become("visible");
  assert.deepEqual([seen, visibility.isHidden, clock.pending], [["hide", "show"], false, 0]);
  document.become("hidden");
  clock.advance(5000);
  assert.deepEqual(seen, ["hide", "show", "hide"]);
});

test("being told twice that it is hidden does not put it off", () => {
  const { clock, document, seen } = watch();
  document.become("hidden");
  clock.advance(3000);
  document.become("hidden");
  clock.advance(2000);
  document.become("hidden");
  clock.advance(60_000);
  assert.deepEqual(seen, ["hide"]);
});

test("a page that is opened in the background is hidden from the start", () => {
  const { clock, seen } = watch({ state: "hidden" });
  assert.deepEqual(seen, []);
  clock.advance(5000);
  assert.deepEqual(seen, ["hide"]);
});

test("any other state, such as that of a page which is loaded ahead, is not hidden", () => {
  const { clock, seen } = watch({ state: "prerender" });
  clock.advance(60_000);
  assert.deepEqual(seen, []);
});

test("with null it never is, and nothing is listened to", () => {
  const { clock, document, seen } = watch({ afterMs: null });
  document.become("hidden");
  clock.advance(60_000);
  assert.deepEqual([seen, document.listeners], [[], 0]);
});

test("without a document nothing is hidden", () => {
  const [clock, seen] = [new FakeClock(), []];
  const on = { hide: () => seen.push("hide"), show: () => seen.push("show") };
  const visibility = new PageVisibility({ document: undefined, clock, afterMs: 0 }, on);
  clock.advance(60_000);
  assert.deepEqual([seen, visibility.isHidden], [[], false]);
});
