/** When a quote counts as silent, and what is said of its age. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ageText, QuoteAge } from "../../site/static/js/rtc/quote_age.js";

const NOW = 1_700_000_000_000;
const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000];

/** A quote that has come live in these intervals, the last time at NOW. */
function liveQuote(...intervals) {
  const age = new QuoteAge();
  let now = NOW - intervals.reduce((sum, interval) => sum + interval, 0);
  age.onNews(now, "e:0");
  intervals.forEach((interval, index) => age.onNews((now += interval), `e:${index + 1}`));
  return age;
}

/** A quote of which only a picture is known: so many labels in steps of `step`, the last one `old` milliseconds old. */
function pictured({ step, old, count = 40, period = 0 }) {
  const labels = Array.from({ length: count }, (_, index) => NOW - old - (count - 1 - index) * step);
  const age = new QuoteAge(period);
  age.onPicture(NOW, { labels, count: "e:40", last: [labels.at(-1), 1] });
  return age;
}

/** After how long a silence it counts as silent. */
const staleAfter = (age, isCutOff = false) => age.nextAt(NOW, isCutOff) - NOW;

for (const [what, interval, expected] of [
  ["four times a second", 250, 10 * SECOND],
  ["every ten seconds", 10 * SECOND, 30 * SECOND],
  ["hourly", HOUR, 3 * HOUR],
]) {
  test(`a quote that comes ${what} is silent after ${expected / SECOND} s`, () => {
    const age = liveQuote(...Array(20).fill(interval));
    assert.equal(staleAfter(age), expected);
    assert.deepEqual([expected - 1, expected].map((ms) => age.isStale(NOW + ms, false)), [false, true]);
  });
}

test("long pauses now and then do not make long pauses usual", () => {
  const age = liveQuote(...Array(20).fill(SECOND), 10 * MINUTE, ...Array(5).fill(SECOND), 8 * HOUR, ...Array(5).fill(SECOND));
  assert.equal(staleAfter(age), 10 * SECOND);
});

test("a quote that comes irregularly is not silent at each pause", () => {
  // Intervals of a Poisson process with a mean of 5 s, by inversion over an even grid.
  const intervals = Array.from({ length: 64 }, (_, index) => -5 * SECOND * Math.log(1 - (((index * 27) % 64) + 0.5) / 64));
  const longest = Math.max(...intervals);
  assert.ok(staleAfter(liveQuote(...intervals)) > longest, `${staleAfter(liveQuote(...intervals))} ms`);
});

test("what has come only once or twice has a minute", () => {
  assert.deepEqual([liveQuote(), liveQuote(SECOND), liveQuote(SECOND, SECOND)].map((age) => staleAfter(age)), Array(3).fill(MINUTE));
});

test("a picture tells the usual interval until there are live ones, and the age of its last price", () => {
  const hourly = pictured({ step: HOUR, old: 20 * MINUTE });
  assert.deepEqual([hourly.ageMs(NOW), hourly.isStale(NOW + MINUTE, false), staleAfter(hourly)], [20 * MINUTE, false, 160 * MINUTE]);
});

test("a market that is closed at night says how long it has been", () => {
  const closed = pictured({ step: SECOND, old: 9 * HOUR });
  assert.deepEqual([closed.isStale(NOW + 3 * SECOND, false), ageText({ ms: closed.ageMs(NOW), isStale: true, isClosed: false })], [true, "9 h ago"]);
});

test("a bar's age counts from its end, which is not in the future", () => {
  assert.equal(pictured({ step: MINUTE, old: 3 * MINUTE, period: 60 }).ageMs(NOW), 2 * MINUTE);
  assert.equal(pictured({ step: MINUTE, old: 10 * SECOND, period: 60 }).ageMs(NOW), 0);
});

test("a live quote whose labels are years old has a moment to show that it lives", () => {
  const replayed = pictured({ step: 250, old: 13 * 365 * 24 * HOUR });
  assert.ok(!replayed.isStale(NOW + 2999, false));
  replayed.onNews(NOW + 250, "e:41");
  assert.deepEqual([replayed.isStale(NOW + 9 * SECOND, false), replayed.ageMs(NOW + 9250)], [false, 9 * SECOND]);
});

test("labels that are no times say nothing of an age, until something comes live", () => {
  const age = new QuoteAge();
  age.onPicture(NOW, { labels: ["09:30", "09:31"], count: "e:2", last: ["09:31", 1] });
  assert.deepEqual([age.ageMs(NOW), age.isStale(NOW + HOUR, true), age.nextAt(NOW, true)], [null, false, Infinity]);
  age.onNews(NOW, "e:3");
  assert.ok(age.isStale(NOW + MINUTE, false));
});

test("a picture with nothing new does not make a price younger, whichever start of the server it is from", () => {
  const last = [NOW, 430];
  for (const count of ["e:40", "f:7"]) {
    const age = new QuoteAge();
    age.onPicture(NOW, { labels: [NOW], count: "e:40", last });
    age.onPicture(NOW + 30 * MINUTE, { labels: [NOW], count, last });
    assert.equal(age.ageMs(NOW + 30 * MINUTE), 30 * MINUTE);
    assert.ok(age.isStale(NOW + 30 * MINUTE, false));
  }
});

test("of a picture with something new, the age is between the last that came and the label", () => {
  const age = liveQuote(SECOND);
  age.onPicture(NOW + HOUR, { labels: [NOW + 50 * MINUTE], count: "e:9", last: [NOW + 50 * MINUTE, 1] });
  assert.equal(age.ageMs(NOW + HOUR), 10 * MINUTE);
  age.onPicture(NOW + HOUR, { labels: [5], count: "e:10", last: [5, 1] });
  assert.equal(age.ageMs(NOW + HOUR), 10 * MINUTE);
});

test("while nothing can come every quote is silent after ten seconds", () => {
  const age = liveQuote(...Array(20).fill(HOUR));
  assert.deepEqual([age.isStale(NOW + 10 * SECOND, false), age.isStale(NOW + 10 * SECOND, true)], [false, true]);
});

test("a producer that says it is alive keeps a quiet quote from being silent, until it has missed three times", () => {
  const age = liveQuote(...Array(20).fill(SECOND));
  for (let ms = 4000; ms <= 40_000; ms += 4000) age.onAlive(NOW + ms);
  assert.deepEqual([age.isStale(NOW + 54_999, false), age.isStale(NOW + 55_000, false)], [false, true]);
  assert.equal(age.nextAt(NOW + 40_000, false), NOW + 55_000);
  assert.equal(age.ageMs(NOW + 60_000), MINUTE); // the price is as old as it is
  assert.ok(age.isStale(NOW + 50_000, true)); // nothing of it can have come for ten seconds
});

test("a quote that comes hourly may be quiet without anybody's word", () => {
  const age = liveQuote(...Array(20).fill(HOUR));
  age.onAlive(NOW + SECOND);
  assert.equal(age.isStale(NOW + 2 * HOUR, false), false);
});

test("a clock that is set back makes no age negative", () => {
  assert.equal(liveQuote(SECOND).ageMs(NOW - HOUR), 0);
});

test("the next change is that of the text: each second, minute, hour and day", () => {
  const age = liveQuote(...Array(20).fill(SECOND));
  const next = (ms) => age.nextAt(NOW + ms, false) - NOW;
  assert.deepEqual([12_300, 90_000, 2.5 * HOUR, 50 * HOUR].map(next), [13_000, 120_000, 3 * HOUR, 72 * HOUR]);
});

for (const [ms, text] of [[0, "0 s ago"], [12_999, "12 s ago"], [60_000, "1 min ago"], [3_599_999, "59 min ago"], [7_200_000, "2 h ago"], [3 * 86_400_000, "3 d ago"], [800 * 86_400_000, "2 y ago"], [null, "not live"]]) {
  test(`${ms} ms are "${text}"`, () => assert.equal(ageText({ ms, isStale: true, isClosed: false }), text));
}
