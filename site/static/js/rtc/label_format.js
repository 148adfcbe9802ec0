/**
 * Labels and numbers as people read them. Times are in the browser's own time zone.
 *
 * A label is epoch milliseconds, or a text of the producer's that is shown as it is.
 */

/** @import { Label } from "./chart.js" */

const DAY_MS = 24 * 60 * 60 * 1000;

// Made once: a formatter costs far more to make than to use, and every drawing needs one for each tick of its axes.
const FULL = new Intl.NumberFormat("en-US", { maximumFractionDigits: 4 });
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/**
 * Short labels for an axis: the time within a day; the date too once there are several days, and nothing but the date
 * where the labels are days apart.
 * @param {Label[]} labels of the axis, oldest first
 * @returns {(label: Label) => string}
 */
export function axisLabelFormat(labels) {
  const [first, last] = [labels[0], labels[labels.length - 1]];
  if (typeof first !== "number" || typeof last !== "number") return String;
  if (isoDate(first) === isoDate(last)) return (label) => timeOfDay(Number(label));
  const meanStepMs = (last - first) / (labels.length - 1);
  if (meanStepMs >= DAY_MS) return (label) => isoDate(Number(label));
  return (label) => `${isoDate(Number(label)).slice(5)} ${timeOfDay(Number(label)).slice(0, 5)}`;
}

/**
 * One label in full: date and time, with milliseconds where it has some.
 * @param {Label} label
 * @returns {string}
 */
export function fullLabel(label) {
  if (typeof label !== "number") return label;
  const milliseconds = label % 1000;
  const fraction = milliseconds === 0 ? "" : `.${String(Math.floor(milliseconds)).padStart(3, "0")}`;
  return `${isoDate(label)} ${timeOfDay(label)}${fraction}`;
}

/**
 * @param {number} value
 * @returns {string} with at most four decimals and thousands set apart
 */
export function fullNumber(value) {
  return FULL.format(value);
}

/**
 * @param {number} value
 * @returns {string} short enough for an axis: 1.2M, 35K, 430.5
 */
export function shortNumber(value) {
  return Math.abs(value) < 10_000 ? fullNumber(value) : COMPACT.format(value);
}

/** @param {number} time */
function isoDate(time) {
  const date = new Date(time);
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
}

/** @param {number} time */
function timeOfDay(time) {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
}

/** @param {number} number */
function twoDigits(number) {
  return String(number).padStart(2, "0");
}
