import assert from "node:assert/strict";
import { test } from "node:test";
import { axisLabelFormat, fullLabel, fullNumber, shortNumber } from "../../site/static/js/rtc/label_format.js";

/** Local time, so that the tests hold in every time zone. March 2013 began on a Friday. */
const time = (day, hours = 0, minutes = 0, seconds = 0, ms = 0) => new Date(2013, 2, day, hours, minutes, seconds, ms).getTime();

test("within a day the axis shows the time", () => {
  const format = axisLabelFormat([time(1, 9, 30), time(1, 16, 0)]);
  assert.equal(format(time(1, 9, 5, 7)), "09:05:07");
});

test("over several days the axis shows the date with the time", () => {
  const format = axisLabelFormat([time(1, 9), time(1, 12), time(2, 9)]);
  assert.equal(format(time(2, 9, 5, 7)), "03-02 09:05");
});

test("where labels are days apart the axis shows dates only", () => {
  const format = axisLabelFormat([time(1), time(4), time(5)]);
  assert.equal(format(time(4)), "2013-03-04");
});

test("texts, and the labels of an empty axis, are shown as they are", () => {
  assert.equal(axisLabelFormat(["09:30:01", "09:30:02"])("09:30:02"), "09:30:02");
  assert.equal(axisLabelFormat([])("anything"), "anything");
  assert.equal(fullLabel("20130301"), "20130301");
});

test("one label alone is a time", () => {
  assert.equal(axisLabelFormat([time(1, 9)])(time(1, 9)), "09:00:00");
});

test("a label in full has its date, and milliseconds where it has some", () => {
  assert.equal(fullLabel(time(1, 9, 30, 1)), "2013-03-01 09:30:01");
  assert.equal(fullLabel(time(1, 9, 30, 1, 7)), "2013-03-01 09:30:01.007");
});

test("numbers are short on the axis and exact elsewhere", () => {
  assert.deepEqual([0, 430.5, -0.25, 9999, 35_000, 1_234_567].map(shortNumber), ["0", "430.5", "-0.25", "9,999", "35K", "1.2M"]);
  assert.deepEqual([430.123456, 1_234_567].map(fullNumber), ["430.1235", "1,234,567"]);
});
