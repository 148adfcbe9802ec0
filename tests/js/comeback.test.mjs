/** When a client comes back after a loss, and after which it stays away. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseCode } from "../../site/static/js/rtc/codes.js";
import { Comeback } from "../../site/static/js/rtc/comeback.js";

const ENDED = { code: CloseCode.SESSION_CLOSED, reason: "session closed", isRefusal: false };
const REFUSED = { code: CloseCode.ABNORMAL, reason: "", isRefusal: true };
const UNANSWERED = { code: CloseCode.ABNORMAL, reason: "not open in time", isRefusal: false };

/** A comeback whose connection has been open for long; delays are the longest possible. */
function openComeback({ random = () => 1 } = {}) {
  const comeback = new Comeback(random);
  comeback.onOpen(0);
  return comeback;
}

for (const [share, delayMs] of [[0, 1000], [0.5, 1500], [1, 2000]]) {
  test(`after the end of a session comes one more attempt, when the new cookie has had time to come: ${delayMs} ms`, () => {
    const comeback = openComeback({ random: () => share });
    assert.deepEqual(comeback.afterLoss(ENDED, 60_000), { delayMs, code: 4009, reason: "session closed" });
  });
}

test("a refusal of that attempt is the end, for the first reason", () => {
  const comeback = openComeback();
  comeback.afterLoss(ENDED, 60_000);
  assert.deepEqual(comeback.afterLoss(REFUSED, 62_000), { delayMs: null, code: 4009, reason: "session closed" });
});

test("an attempt that nobody answered is no refusal: the one attempt is still to come", () => {
  const comeback = openComeback();
  comeback.afterLoss(ENDED, 60_000);
  assert.equal(comeback.afterLoss(UNANSWERED, 62_000).delayMs, 1000);
  assert.deepEqual(comeback.afterLoss(REFUSED, 64_000), { delayMs: null, code: 4009, reason: "session closed" });
});

test("an attempt that led to a connection makes later refusals ordinary ones", () => {
  const comeback = openComeback();
  comeback.afterLoss(ENDED, 60_000);
  comeback.onOpen(62_000);
  comeback.afterLoss({ code: CloseCode.ABNORMAL, reason: "", isRefusal: false }, 90_000);
  assert.equal(comeback.afterLoss(REFUSED, 91_000).delayMs, 1000);
});

test("a server that lets in and closes at once is tried more and more patiently", () => {
  const comeback = openComeback();
  const delays = [];
  let now = 60_000;
  for (let round = 0; round < 8; round += 1) {
    delays.push(comeback.afterLoss(ENDED, now).delayMs);
    now += delays.at(-1);
    comeback.onOpen(now);
  }
  assert.deepEqual(delays, [2000, 2000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test("who stayed away and connects anew is refused as anybody is", () => {
  const comeback = openComeback();
  comeback.afterLoss(ENDED, 60_000);
  comeback.forget();
  assert.equal(comeback.afterLoss(REFUSED, 61_000).code, 1006);
});

// Signs that the network is there again.

/** A comeback that waits, by the rules, for 30 s, after attempts that began at 0 and were refused at once. */
function patientComeback({ random = () => 1 } = {}) {
  const comeback = new Comeback(random);
  comeback.onAttempt(0);
  for (let attempt = 0; attempt < 7; attempt += 1) comeback.afterLoss(REFUSED, 0);
  return comeback;
}

test("a sign shortens the wait to half a second at most, at random, so that an office does not come at once", () => {
  assert.equal(patientComeback().hurry(20_000), 500);
  assert.equal(patientComeback({ random: () => 0.5 }).hurry(20_000), 250);
});

test("however often there is a sign, an attempt follows the one before it after a second", () => {
  assert.equal(patientComeback().hurry(100), 900);
});

test("a sign during an attempt counts when that fails", () => {
  const comeback = patientComeback();
  comeback.onAttempt(30_000);
  comeback.hurry(30_100);
  assert.equal(comeback.afterLoss(REFUSED, 30_200).delayMs, 800);
  comeback.onAttempt(31_000);
  assert.equal(comeback.afterLoss(REFUSED, 31_100).delayMs, 30_000);
});

test("a sign does not hasten whom the server has told when to come, nor the attempt with a new cookie", () => {
  const comeback = openComeback();
  comeback.wish(9000);
  comeback.afterLoss({ code: CloseCode.DRAINING, reason: "", isRefusal: false }, 60_000);
  assert.equal(comeback.hurry(60_100), null);
  comeback.afterLoss(ENDED, 70_000);
  assert.equal(comeback.hurry(70_100), null);
});

test("an attempt that has had no answer for four seconds makes way for a new one", () => {
  const comeback = openComeback();
  comeback.onAttempt(1000);
  assert.deepEqual([comeback.isStuck(4999), comeback.isStuck(5000)], [false, true]);
});
