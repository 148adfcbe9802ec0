/** Periods as a request says them: seconds, or a name such as "5m" and "1M". Pure. */

/** @typedef {number | string} Period */

/** Seconds of each unit; of a month and a quarter about as many as they have. */
const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, M: 30 * 86_400, q: 91 * 86_400 };
const NAME = /^(\d+(?:\.\d+)?)([smhdwMq])$/;

/**
 * @param {Period} period
 * @returns {number} seconds; 0 for every tick, and for a name that is none
 */
export function periodSeconds(period) {
  const [, count, unit] = NAME.exec(String(period)) ?? [];
  if (unit === undefined) return Number(period) || 0;
  return Number(count) * UNIT_SECONDS[/** @type {keyof typeof UNIT_SECONDS} */ (unit)];
}

/**
 * @param {Period} period
 * @returns {"day" | "month" | "quarter" | null} what its labels name; null where they are moments
 */
export function calendarUnit(period) {
  const unit = NAME.exec(String(period))?.[2];
  if (unit === "M") return "month";
  if (unit === "q") return "quarter";
  const seconds = periodSeconds(period);
  return seconds > 0 && seconds % UNIT_SECONDS.d === 0 ? "day" : null;
}
