/** The newest price of a chart as it is shown on the chart: its number and its colour. Pure. */

/** @import { Chart } from "./chart.js" */
/** @import { Palette } from "./palette.js" */
import { ageText } from "./quote_age.js";

/** @typedef {{price: number, text: string, color: string}} LastPrice */

/**
 * The newest value of the first series: a candle's close, in the candle's colour. A stale one is grey, and says how old it is;
 * that of a closed market says so.
 * @param {Chart} chart
 * @param {Palette} palette
 * @returns {LastPrice | null} null where there is no value yet
 */
export function lastPrice({ series, prices, age }, { up, down, muted }) {
  const [first] = series;
  const [, open, close] = first?.last ?? [];
  const price = first?.type === "candlestick" ? close : open;
  if (typeof price !== "number" || typeof open !== "number") return null;
  const text = [prices.format(price), ageText(age)].filter(Boolean).join("\n");
  if (age.isStale || age.isClosed) return { price, text, color: muted };
  return { price, text, color: price < open ? down : up };
}
