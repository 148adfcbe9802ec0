import assert from "node:assert/strict";
import { test } from "node:test";
import { labelFormat } from "../../site/static/js/rtc/label_format.js";
import { TradingDays } from "../../site/static/js/rtc/trading_days.js";

const DAY_MS = 86_400_000;
const DAY = 86_400;

/** Local time, so that the tests hold in every time zone. March 2013 began on a Friday. */
const time = (day, hours = 0, minutes = 0, seconds = 0, ms = 0) => new Date(2013, 2, day, hours, minutes, seconds, ms).getTime();

/** The labels as a browser in another time zone shows them. */
function inZone(zone, labels, period = 0) {
  const before = process.env.TZ;
  process.env.TZ = zone; // Node looks at it whenever it is set
  try {
    const { axis, full } = labelFormat(labels, period);
    return { axis: labels.map(axis), full: labels.map(full) };
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

test("within a day the axis shows the time", () => {
  const { axis } = labelFormat([time(1, 9, 30), time(1, 16, 0)]);
  assert.equal(axis(time(1, 9, 5, 7)), "09:05:07");
});

test("over several days the axis shows the date with the time", () => {
  const { axis } = labelFormat([time(1, 9), time(1, 12), time(2, 9)]);
  assert.equal(axis(time(2, 9, 5, 7)), "03-02 09:05");
});

test("over several years the axis shows the year as well", () => {
  const labels = [time(1, 9, 30), new Date(2014, 2, 1, 9, 30).getTime()];
  assert.deepEqual(labels.map(labelFormat(labels).axis), ["2013-03-01 09:30", "2014-03-01 09:30"]);
});

test("where labels are midnights of the reader's days the axis shows dates only", () => {
  const { axis } = labelFormat([time(1), time(4), time(5)]);
  assert.equal(axis(time(4)), "2013-03-04");
});

test("texts, and the labels of an empty axis, are shown as they are", () => {
  assert.equal(labelFormat(["09:30:01", "09:30:02"]).axis("09:30:02"), "09:30:02");
  assert.equal(labelFormat([], DAY).axis("anything"), "anything");
  assert.equal(labelFormat(["20130301"], DAY).full("20130301"), "20130301");
});

test("one label alone is a time", () => {
  assert.equal(labelFormat([time(1, 9)]).axis(time(1, 9)), "09:00:00");
});

test("a label in full has its date, and milliseconds where it has some", () => {
  const { full } = labelFormat([time(1, 9), time(1, 10)]);
  assert.equal(full(time(1, 9, 30, 1)), "2013-03-01 09:30:01");
  assert.equal(full(time(1, 9, 30, 1, 7)), "2013-03-01 09:30:01.007");
});

// Zones east and west of UTC, and the weeks in which their clocks change.
const ZONES = { "Pacific/Auckland": "2026-04-03", "America/New_York": "2026-03-06", "Europe/Berlin": "2026-10-23", "Asia/Tokyo": "2026-01-05", "Pacific/Apia": "2011-12-28" };

for (const [zone, begin] of Object.entries(ZONES)) {
  test(`a day keeps its date in ${zone}, also when the clocks change`, () => {
    const labels = Array.from({ length: 5 }, (_, i) => Date.parse(begin) + i * DAY_MS);
    const dates = labels.map((label) => new Date(label).toISOString().slice(0, 10));
    // As bars of a day, as points of a producer of days, and as the first bar alone.
    for (const [rows, period] of [[labels, DAY], [labels, 0], [labels.slice(0, 1), DAY]]) {
      const expected = dates.slice(0, rows.length);
      assert.deepEqual(inZone(zone, rows, period), { axis: expected, full: expected });
    }
  });
}

test("bars of a week are called by the date of their first day", () => {
  const labels = [1_767_571_200_000, 1_768_176_000_000];
  assert.deepEqual(inZone("America/New_York", labels, 7 * DAY).axis, ["2026-01-05", "2026-01-12"]);
});

test("moments are shown in the reader's zone, and midnights there are days, although one of them has 23 hours", () => {
  const midnights = [5, 6, 7, 8, 9].map((hour, i) => Date.parse(`2026-03-0${hour}T0${i < 4 ? 5 : 4}:00Z`));
  assert.deepEqual(inZone("America/New_York", midnights).axis, ["2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08", "2026-03-09"]);
  assert.deepEqual(inZone("Asia/Tokyo", midnights.slice(0, 2)).axis, ["03-05 14:00", "03-06 14:00"]);
});

test("bars of a day and a half are moments", () => {
  const labels = [0, 1.5, 3].map((days) => Date.parse("2026-01-04T12:00Z") + days * DAY_MS);
  assert.deepEqual(inZone("UTC", labels, 1.5 * DAY).axis, ["01-04 12:00", "01-06 00:00", "01-07 12:00"]);
});

test("where the clocks change, the offset tells the hour that comes twice", () => {
  const labels = ["2026-11-01T05:30Z", "2026-11-01T06:30Z"].map((text) => Date.parse(text));
  assert.deepEqual(inZone("America/New_York", labels).full, ["2026-11-01 01:30:00 UTC-04:00", "2026-11-01 01:30:00 UTC-05:00"]);
});

const utc = (...parts) => Date.UTC(...parts);

test("days, weeks, months and quarters that are asked for by name are dates, whatever the reader's zone", () => {
  const names = [["1d", "2026-01-05"], ["1w", "2026-01-05"], ["1M", "2026-01"], ["1q", "2026 Q1"]];
  for (const zone of ["America/New_York", "Asia/Shanghai"]) {
    for (const [period, text] of names) {
      assert.deepEqual(inZone(zone, [utc(2026, 0, 5)], period), { axis: [text], full: [text] });
    }
  }
  assert.deepEqual(inZone("UTC", [utc(2025, 10, 1), utc(2026, 3, 1)], "1q").axis, ["2025 Q4", "2026 Q2"]);
});

test("a period of hours by name is one of moments", () => {
  const labels = [utc(2026, 0, 5, 1), utc(2026, 0, 5, 5)];
  assert.deepEqual(inZone("UTC", labels, "4h").axis, ["01:00:00", "05:00:00"]);
});

/** The labels of an exchange as a browser in another time zone shows them. */
function ofExchange(zone, labels, reader = "Asia/Tokyo") {
  const before = process.env.TZ;
  process.env.TZ = reader;
  try {
    const { axis, full } = labelFormat(labels, "1m", zone);
    return { axis: labels.map(axis), full: labels.map(full) };
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

test("moments of an exchange are shown as its clocks do, with its zone's name in full", () => {
  const { axis, full } = ofExchange("America/New_York", [utc(2026, 0, 5, 14, 30), utc(2026, 0, 5, 20, 59)]);
  assert.deepEqual(axis, ["09:30:00", "15:59:00"]);
  assert.deepEqual(full, ["2026-01-05 09:30:00 America/New_York", "2026-01-05 15:59:00 America/New_York"]);
});

test("where an exchange's clocks are put back the offset tells the hour that comes twice", () => {
  const { full } = ofExchange("America/New_York", [utc(2025, 10, 2, 5, 30), utc(2025, 10, 2, 6, 30)]);
  assert.deepEqual(full, ["2025-11-02 01:30:00 UTC-04:00 America/New_York", "2025-11-02 01:30:00 UTC-05:00 America/New_York"]);
});

test("over several days of an exchange the axis shows its date", () => {
  const { axis } = ofExchange("Asia/Shanghai", [utc(2026, 0, 5, 1, 30), utc(2026, 0, 5, 16, 30)], "America/New_York");
  assert.deepEqual(axis, ["01-05 09:30", "01-06 00:30"]);
});

test("a zone that the browser does not know is the reader's", () => {
  assert.deepEqual(ofExchange("Mars/Olympus", [utc(2026, 0, 5, 1, 30)], "UTC").axis, ["01:30:00"]);
});

test("the places at which another day begins are those of the exchange's days", () => {
  const labels = Array.from({ length: 2000 }, (_, index) => utc(2026, 0, 5, 14, 30) + 60_000 * index);
  const newYork = labelFormat(labels, "1m", "America/New_York").dayStarts();
  assert.deepEqual([...newYork].map((place) => labelFormat(labels, "1m", "America/New_York").full(labels[place]).slice(0, 19)), ["2026-01-06 00:00:00"]);
  const tokyo = labelFormat(labels, "1m", "Asia/Tokyo").dayStarts();
  assert.deepEqual([...tokyo], [30, 1470]);
});

test("days that follow one label by label, and labels that are no moments, have their own places, and none", () => {
  const daily = [0, 1, 2].map((day) => utc(2026, 0, 5 + day, 14, 30));
  assert.deepEqual([...labelFormat(daily, "4h", "UTC").dayStarts()], [1, 2]);
  assert.deepEqual([...labelFormat([utc(2026, 0, 5)], "1d").dayStarts()], []);
  assert.deepEqual([...labelFormat(["09:30", "09:31"]).dayStarts()], []);
  assert.deepEqual([...labelFormat([]).dayStarts()], []);
});

// A night session of Shanghai, as the server says it: Friday's from 15:00 on counts for Monday.
const SHANGHAI = "Asia/Shanghai";
const shanghai = (text) => Date.parse(`${text}+08:00`);
const FRIDAY = [shanghai("2026-03-05T18:00:00.001"), Date.UTC(2026, 2, 6)];
const MONDAY = [shanghai("2026-03-06T18:00:00.001"), Date.UTC(2026, 2, 9)];
const NIGHT = ["2026-03-06T14:59", "2026-03-06T21:00", "2026-03-07T02:29", "2026-03-09T09:00"].map((text) => shanghai(`${text}:00`));

function tradingDays(...starts) {
  const days = new TradingDays();
  for (const start of starts) days.add([start]);
  return days;
}

test("the axis shows the trading day of a night session, and begins it in the evening", () => {
  const { axis, dayStarts } = labelFormat(NIGHT, 60, SHANGHAI, tradingDays(MONDAY, FRIDAY));
  assert.deepEqual(NIGHT.map(axis), ["03-06 14:59", "03-09 21:00", "03-09 02:29", "03-09 09:00"]);
  assert.deepEqual([...dayStarts()], [1]);
});

test("one trading day is times only, although it has two dates", () => {
  const { axis } = labelFormat(NIGHT.slice(1), 60, SHANGHAI, tradingDays(MONDAY));
  assert.deepEqual(NIGHT.slice(1).map(axis), ["21:00:00", "02:29:00", "09:00:00"]);
});

test("a label in full has the date of the clock, and the trading day where that is another one", () => {
  const { full } = labelFormat(NIGHT, 60, SHANGHAI, tradingDays(FRIDAY, MONDAY));
  assert.deepEqual(NIGHT.slice(0, 2).map(full), ["2026-03-06 14:59:00 Asia/Shanghai", "2026-03-06 21:00:00 Asia/Shanghai (trading day 2026-03-09)"]);
});

test("moments before the first trading day that is known are shown by the clock", () => {
  const { axis } = labelFormat(NIGHT, 60, SHANGHAI, tradingDays(MONDAY));
  assert.equal(axis(NIGHT[0]), "03-06 14:59");
});
