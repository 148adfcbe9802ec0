/**
 * Order of the labels of a time axis: whether a row belongs before the newest one, as a correction does. Pure.
 *
 * Epoch milliseconds have an order. Times of day have one as far as a feed corrects itself: a small step back is a late
 * tick, a large one is the next day. Other texts have none, and each stands where it came.
 */

/** @import { Label } from "./chart.js" */

const DAY_MS = 24 * 60 * 60 * 1000;
const CLOCK = /^(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?$/;
/** So far behind the newest bar's beginning a corrected time of day is; a server's `late_seconds` is far less. */
const LATE_MS = 15 * 60 * 1000;

/**
 * @param {Label} label
 * @param {Label} newest
 * @param {number} periodMs the length of a bar
 * @returns {boolean} whether `label` belongs before `newest`
 */
export function isEarlier(label, newest, periodMs) {
  if (typeof label === "number" && typeof newest === "number") return label < newest;
  const stepMs = clockMs(newest) - clockMs(label);
  const backMs = (stepMs + DAY_MS) % DAY_MS;
  return backMs > 0 && backMs <= periodMs + LATE_MS; // false for NaN
}

/** @param {Label} label @returns {boolean} whether it is a time, of a day or of all days, that a server can look up */
export function isTime(label) {
  return typeof label === "number" || CLOCK.test(label);
}

/**
 * @param {Label} label
 * @returns {number} milliseconds since midnight; NaN for what is no time of day
 */
function clockMs(label) {
  const [, hours, minutes, seconds = "0"] = CLOCK.exec(String(label)) ?? [];
  return 1000 * (3600 * Number(hours) + 60 * Number(minutes) + Number(seconds));
}
