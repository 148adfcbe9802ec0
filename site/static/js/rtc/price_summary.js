/** Summary of a chart's prices: the last one, the change, the range. Pure. */

/** @import { Row } from "./chart.js" */

/**
 * @typedef {object} PriceSummary Of the points that the chart holds.
 * @property {string | number} since the label of the first of them
 * @property {number} last
 * @property {number} change since the first price: a candle's open
 * @property {number | null} percent of it; null where the first price is zero
 * @property {number} low
 * @property {number} high
 */

/**
 * @param {Row[]} rows of a series of prices, oldest first: `[label, price]` or `[label, open, close, low, high]`
 * @returns {PriceSummary | null} null where there is no price
 */
export function summarize(rows) {
  const priced = rows.filter(([, price]) => typeof price === "number");
  if (priced.length === 0) return null;
  const [since, first] = /** @type {[string | number, number]} */ (priced[0]);
  const last = closeOf(priced[priced.length - 1]);
  let [low, high] = [Infinity, -Infinity];
  for (const row of priced) {
    low = Math.min(low, Number(row[3] ?? row[1]));
    high = Math.max(high, Number(row[4] ?? row[1]));
  }
  const change = last - first;
  // Below zero, too, a price that rises has a change above zero.
  return { since, last, change, percent: first === 0 ? null : (100 * change) / Math.abs(first), low, high };
}

/** @param {Row} row */
function closeOf(row) {
  return Number(row[2] ?? row[1]);
}
