/**
 * Labels of a time axis as people read them.
 *
 * A label is epoch milliseconds, or a text of the producer's that is shown as it is. A moment is shown in the browser's
 * time zone. A day is not a moment: it is a date of the market's, in whatever zone the browser is, and on the wire it is
 * that date's midnight in UTC.
 */

/** @import { Label } from "./chart.js" */

const DAY_MS = 24 * 60 * 60 * 1000;

/** @typedef {(label: Label) => string} Format */

/**
 * @param {Label[]} labels of the axis, oldest first
 * @param {number} [period] the length of a bar in seconds, 0 for every tick
 * @returns {{axis: Format, full: Format}} `axis` is short; `full` has all of it
 */
export function labelFormat(labels, period = 0) {
  const last = labels[labels.length - 1];
  const first = labels[0];
  if (typeof first !== "number" || typeof last !== "number") return { axis: String, full: String };
  if (areDays(labels, period)) return { axis: utcDate, full: utcDate };
  const isShifted = offsetMinutes(first) !== offsetMinutes(last);
  return { axis: momentFormat(labels, first, last), full: (label) => fullMoment(label, isShifted) };
}

/**
 * Bars of whole days are days. So are points of a producer of days: with each label at midnight in UTC it is no accident,
 * unless there is only one.
 * @param {Label[]} labels
 * @param {number} period
 */
function areDays(labels, period) {
  const isDay = (/** @type {Label} */ label) => Number(label) % DAY_MS === 0;
  const arePeriods = period > 0 && (period * 1000) % DAY_MS === 0;
  return (arePeriods || labels.length > 1) && labels.every(isDay);
}

/**
 * The time within a day; the date too once there are several days, and the year once there are several years.
 * @param {Label[]} labels
 * @param {number} first
 * @param {number} last
 * @returns {Format}
 */
function momentFormat(labels, first, last) {
  if (localDate(first) === localDate(last)) return (label) => timeOfDay(Number(label));
  // Midnights of this zone, which are no whole days apart where summer begins or ends.
  if (labels.every(isLocalMidnight)) return (label) => localDate(Number(label));
  const from = new Date(first).getFullYear() === new Date(last).getFullYear() ? 5 : 0;
  return (label) => `${localDate(Number(label)).slice(from)} ${timeOfDay(Number(label)).slice(0, 5)}`;
}

/**
 * One label in full: date and time, with milliseconds where it has some.
 * @param {Label} label
 * @param {boolean} hasOffset whether to say how far the zone is from UTC: when summer ends, an hour comes twice
 * @returns {string}
 */
function fullMoment(label, hasOffset) {
  if (typeof label !== "number") return label;
  const milliseconds = new Date(label).getMilliseconds();
  const fraction = milliseconds === 0 ? "" : `.${String(milliseconds).padStart(3, "0")}`;
  return `${localDate(label)} ${timeOfDay(label)}${fraction}${hasOffset ? ` ${offsetText(label)}` : ""}`;
}

/** @param {Label} label */
function utcDate(label) {
  const date = new Date(Number(label));
  return dateText(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
}

/** @param {number} time */
function localDate(time) {
  const date = new Date(time);
  return dateText(date.getFullYear(), date.getMonth(), date.getDate());
}

/**
 * @param {number} year
 * @param {number} month from 0
 * @param {number} day
 */
function dateText(year, month, day) {
  return `${year}-${twoDigits(month + 1)}-${twoDigits(day)}`;
}

/** @param {number} time */
function timeOfDay(time) {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
}

/** @param {Label} label */
function isLocalMidnight(label) {
  const date = new Date(Number(label));
  return date.getHours() + date.getMinutes() + date.getSeconds() + date.getMilliseconds() === 0;
}

/** @param {number} time */
function offsetMinutes(time) {
  return -new Date(time).getTimezoneOffset();
}

/** @param {number} time */
function offsetText(time) {
  const minutes = offsetMinutes(time);
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? "-" : "+"}${twoDigits(hours)}:${twoDigits(rest)}`;
}

/** @param {number} number */
function twoDigits(number) {
  return String(number).padStart(2, "0");
}
