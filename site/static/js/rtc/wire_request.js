/** The request for a quote's chart: as it is sent, with what was left out filled in, and which rows it is for. Pure. */

/** @import { ChartRequest } from "./chart.js" */

/** The fields that say which rows a request is for. */
const ROWS = /** @type {const} */ (["exchange", "item", "date", "period", "from", "to"]);

/**
 * @param {ChartRequest} one
 * @param {ChartRequest} other
 * @returns {boolean} whether they are for the same rows, as far back as either of them goes
 */
export function haveSameRows(one, other) {
  return ROWS.every((name) => one[name] === other[name]);
}

/**
 * @param {string | number} name of the chart on the wire
 * @param {ChartRequest} request
 * @returns {object} the data of a `mycharts` message; what is undefined in it is not sent
 */
export function wireRequest(name, request) {
  const { exchange, item, date, update, period, shape, indicators, max_rate, from, to, count } = request;
  return {
    type: "quote",
    chart_id: name,
    exchange,
    item,
    date,
    update: update ?? "dynamic",
    period: period ?? 0,
    shape: shape ?? "line",
    indicators: indicators ?? [],
    max_rate,
    from,
    to,
    count,
    corrections: true, // a server of before reads neither this
    sessions: true, // nor that
  };
}
