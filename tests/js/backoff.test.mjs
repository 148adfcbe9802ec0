import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../site/static/js/rtc/backoff.js";

const delays = (backoff, count) => Array.from({ length: count }, () => backoff.nextDelayMs(0));

test("the limit doubles from the base to the cap", () => {
  const backoff = new Backoff({ random: () => 1 });
  assert.deepEqual(delays(backoff, 9), [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
});

test("the delay is anything from nothing to the limit", () => {
  assert.deepEqual(delays(new Backoff({ random: () => 0 }), 3), [0, 0, 0]);
  assert.deepEqual(delays(new Backoff({ random: () => 0.25 }), 3), [125, 250, 500]);
});

test("a thousand failures later the delay is still the cap", () => {
  const backoff = new Backoff({ random: () => 1 });
  assert.equal(delays(backoff, 2000).at(-1), 30000);
});

test("a connection that lived for a while makes the next delay a first one", () => {
  const backoff = new Backoff({ random: () => 1 });
  delays(backoff, 5);
  backoff.onOpen(1000);
  assert.equal(backoff.nextDelayMs(11_000), 500);
});

test("a connection that was lost at once does not", () => {
  const backoff = new Backoff({ random: () => 1 });
  delays(backoff, 2);
  backoff.onOpen(1000);
  assert.equal(backoff.nextDelayMs(10_999), 2000);
});

test("a refused attempt after a stable connection is not taken for one", () => {
  const backoff = new Backoff({ random: () => 1 });
  backoff.onOpen(0);
  assert.deepEqual([20_000, 90_000, 190_000].map((now) => backoff.nextDelayMs(now)), [500, 1000, 2000]);
});
