/**
 * Labels of a time axis as people read them.
 *
 * A label is epoch milliseconds, or a text of the producer's that is shown as it is. A moment is shown in the exchange's
 * time zone where the server says one, else in the browser's; its date on the axis is the trading day. A day, a month, a quarter is not a moment: it is a date of the
 * market's, in whatever zone the browser is, and on the wire it is that date's midnight in UTC.
 */

/** @import { Label } from "./chart.js" */
/** @import { Period } from "./period.js" */
import { calendarUnit } from "./period.js";
import { TradingDays } from "./trading_days.js";
import { dateText, zoned } from "./zoned_time.js";

const DAY_MS = 24 * 60 * 60 * 1000;
/** The dates of the clock are the trading days. */
const NO_DAYS = new TradingDays();

/** @typedef {(label: Label) => string} Format */
/** @typedef {{zone: string | null, days: TradingDays}} Dating How moments get their dates. */
/** @typedef {{axis: Format, full: Format, dayStarts: () => Set<number>}} LabelFormat */

/**
 * @param {Label[]} labels of the axis, oldest first
 * @param {Period} [period] the length of a bar, 0 for every tick
 * @param {string | null} [zone] the exchange's, by its IANA name
 * @param {TradingDays} [days] those that are not the dates of the zone's clocks
 * @returns {LabelFormat} `axis` is short; `full` has all of it; `dayStarts`: the places at which another day begins
 */
export function labelFormat(labels, period = 0, zone = null, days = NO_DAYS) {
  const last = labels[labels.length - 1];
  const first = labels[0];
  if (typeof first !== "number" || typeof last !== "number") return named(String);
  const unit = calendarUnit(period);
  if (unit === "month") return named(month);
  if (unit === "quarter") return named(quarter);
  if (areDays(labels, unit === "day")) return named(utcDate);
  const dating = { zone, days };
  const dayStarts = () => placesOfDays(labels, dating);
  return { axis: momentFormat(labels, first, last, dating), full: fullFormat(first, last, dating), dayStarts };
}

/** @param {Format} format of labels that are no moments @returns {LabelFormat} */
function named(format) {
  return { axis: format, full: format, dayStarts: () => new Set() };
}

/**
 * Only a few labels of each day are looked at: a chart may have thousands, and is drawn many times.
 * @param {Label[]} labels moments, ascending
 * @param {Dating} dating
 * @returns {Set<number>} the places of the first label of each day but the oldest
 */
function placesOfDays(labels, dating) {
  const dateAt = (/** @type {number} */ place) => dateOf(Number(labels[place]), dating);
  const newest = labels.length - 1;
  const starts = new Set();
  for (let place = 0; dateAt(place) < dateAt(newest); starts.add(place)) {
    let [before, after] = [place, newest];
    while (after - before > 1) {
      const middle = (before + after) >> 1;
      if (dateAt(middle) > dateAt(place)) after = middle;
      else before = middle;
    }
    place = after;
  }
  return starts;
}

/**
 * @param {number} time
 * @param {Dating} dating
 * @returns {string} the trading day
 */
function dateOf(time, { zone, days }) {
  const day = days.dayOf(time);
  return day === null ? zoned(time, zone).date : utcDate(day);
}

/**
 * Bars of whole days are days. So are points of a producer of days: with each label at midnight in UTC it is no accident,
 * unless there is only one.
 * @param {Label[]} labels
 * @param {boolean} areBars of whole days
 */
function areDays(labels, areBars) {
  return (areBars || labels.length > 1) && labels.every((label) => Number(label) % DAY_MS === 0);
}

/**
 * The time within a day; the date too once there are several days, and the year once there are several years.
 * @param {Label[]} labels
 * @param {number} first
 * @param {number} last
 * @param {Dating} dating
 * @returns {Format}
 */
function momentFormat(labels, first, last, dating) {
  const { zone } = dating;
  const [from, to] = [dateOf(first, dating), dateOf(last, dating)];
  if (from === to) return (label) => zoned(Number(label), zone).time;
  // Midnights of this zone, which are no whole days apart where summer begins or ends.
  if (labels.every((label) => zoned(Number(label), zone).isMidnight)) return (label) => zoned(Number(label), zone).date;
  const start = from.slice(0, 4) === to.slice(0, 4) ? 5 : 0;
  return (label) => `${dateOf(Number(label), dating).slice(start)} ${zoned(Number(label), zone).time.slice(0, 5)}`;
}

/**
 * One label in full: date and time, with milliseconds where it has some, the zone where it is not the reader's, and the
 * trading day where it is not the date.
 * @param {number} first
 * @param {number} last
 * @param {Dating} dating
 * @returns {Format}
 */
function fullFormat(first, last, dating) {
  const { zone } = dating;
  // When summer ends, an hour comes twice.
  const hasOffset = zoned(first, zone).offsetMinutes !== zoned(last, zone).offsetMinutes;
  return (label) => {
    if (typeof label !== "number") return label;
    const { date, time, milliseconds, offsetMinutes } = zoned(label, zone);
    const fraction = milliseconds === 0 ? "" : `.${String(milliseconds).padStart(3, "0")}`;
    const day = dateOf(label, dating);
    const parts = [`${date} ${time}${fraction}`, hasOffset && offsetText(offsetMinutes), zone, day !== date && `(trading day ${day})`];
    return parts.filter(Boolean).join(" ");
  };
}

/** @param {Label} label */
function utcDate(label) {
  const date = new Date(Number(label));
  return dateText(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate());
}

/** @param {Label} label */
function month(label) {
  return utcDate(label).slice(0, 7);
}

/** @param {Label} label */
function quarter(label) {
  const date = new Date(Number(label));
  return `${date.getUTCFullYear()} Q${Math.floor(date.getUTCMonth() / 3) + 1}`;
}

/** @param {number} minutes */
function offsetText(minutes) {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? "-" : "+"}${String(hours).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
}
