/**
 * One chart's state: what the server said it shows, kept up to date by its messages, bounded.
 *
 * Decides what a render means to the data and which of it has changed since the last look. It draws nothing and sends
 * nothing; it may be watched by a view, or by nobody.
 */

import { ChartRows } from "./chart_rows.js";
import { Emitter } from "./emitter.js";
import { labelFormat } from "./label_format.js";
import { OlderPages } from "./older_pages.js";
import { periodSeconds } from "./period.js";
import { Position } from "./position.js";
import { PriceScale } from "./price_scale.js";
import { summarize } from "./price_summary.js";
import { TradingDays } from "./trading_days.js";

/** @import { Changes } from "./chart_rows.js" */
/** @import { Older, Paging } from "./older_pages.js" */
/** @import { Period } from "./period.js" */
/** @import { RTError } from "./rt_error.js" */
/** @import { DayStart } from "./trading_days.js" */

/** @typedef {string | number} Label Epoch milliseconds, or a text that is shown as it is. */
/** @typedef {[Label, ...(number | null)[]]} Row A label and the values there. */
/** @typedef {{name: string, type: string, yAxisIndex?: number, data: Row[]}} SeriesData */
/** @typedef {{name: string, decimals?: number}} YAxis `decimals` of the prices, where the quote says them. */
/** @typedef {{bid?: number, ask?: number, open_interest?: number, turnover?: number, settlement?: number}} QuoteFields Those that the quote has. */
/** @typedef {{data: Label[], zone?: string, days?: DayStart[]}} XAxis `zone`: the exchange's, by its IANA name; its moments are shown in it. */
/** @typedef {{legends: string[], xAxis: XAxis, yAxis: YAxis[], series: SeriesData[]}} StaticChart */
/** @typedef {{series: [number, ...Row][]}} DynamicChart Rows, each behind the index of the series it belongs to. */
/**
 * @typedef {object} Render The data of a `mycharts` message.
 * @property {"render"} type
 * @property {"static" | "dynamic"} update
 * @property {string | number} chart_id
 * @property {string} [epoch] the server's: in another one `seq` is another count
 * @property {number} seq the number of the message's last point
 * @property {number} [prev_seq] of a dynamic one: the number of the last point before it
 * @property {boolean} [older] of a static one: whether there are rows before its first one
 * @property {QuoteFields} [quote]
 * @property {any} chart StaticChart or DynamicChart
 */
/**
 * @typedef {object} ChartRequest What is sent to ask for a chart.
 * @property {string | number} chart_id
 * @property {string} exchange
 * @property {string} item
 * @property {string} [date] YYYYMMDD; without it the quote is one that goes on from day to day
 * @property {"static" | "dynamic"} [update] a picture, or one that goes on
 * @property {Period} [period] of one bar: seconds, or a name such as "5m", "1d" and "1M"; 0 for every tick
 * @property {number | string} [from] the first moment: epoch milliseconds, or a date such as "2026-01-05"
 * @property {number | string} [to] the moment behind the last one, of a picture that does not go on
 * @property {number} [count] how many rows at most, the newest ones
 * @property {"line" | "ohlc" | "bar" | "scatter"} [shape]
 * @property {string[]} [indicators] such as "sma:20"
 * @property {number | null} [max_rate] updates a second, at most; null: as fast as the server allows
 */
/** @typedef {{exchange: string, is_open: boolean, since: number | null, until: number | null, days?: DayStart[]}} Session Whether an exchange trades, from when, until when. */
/** @typedef {{ms: number | null, isStale: boolean, isClosed: boolean}} Age `ms` while it is stale; null: it is not live any more. */

export class Chart {
  /** @type {string[]} */
  legends = [];
  /** @type {YAxis[]} */
  yAxis = [];
  /** @type {string | null} The exchange's time zone, where the server says one. */
  zone = null;
  /** Decimals of its prices. */
  prices = new PriceScale();
  /**
   * @type {Age} Of the newest price: stale when nothing has come for longer than is usual for this quote. While its exchange
   * is closed it is not.
   */
  age = { ms: 0, isStale: false, isClosed: false };
  /** @type {Session | null} The session of its exchange that is on, or the break; null where the server says none. */
  session = null;
  /** @type {QuoteFields} The newest bid, ask and so on, as far as the quote has them. */
  quote = {};
  #rows;
  #pages;
  #position = new Position();
  #events = new Emitter();
  #isWaiting = true;
  #days = new TradingDays();
  /** True until the server has said it after the newest request. */
  #isSessionOld = true;

  /**
   * @param {ChartRequest} request
   * @param {number} points how many points of each series are kept
   * @param {Paging} [paging] how older ones are asked for
   */
  constructor(request, points, paging) {
    this.request = request;
    this.chart_id = request.chart_id;
    this.#rows = new ChartRows(points, 1000 * periodSeconds(request.period ?? 0));
    this.#pages = new OlderPages(this.#rows, () => this.#events.emit("older", this.older), paging);
  }

  /** The x axis of all series. */
  get axis() {
    return this.#rows.axis;
  }

  get series() {
    return this.#rows.series;
  }

  /** True from the first picture on. */
  get hasData() {
    return this.series.length > 0;
  }

  /** @returns {Older} whether there are rows before the first one, and whether they are on their way */
  get older() {
    return this.#pages.state;
  }

  /** The number of the last point that came; 0 before the first render. */
  get seq() {
    return this.#position.seq;
  }

  set seq(seq) {
    this.#position.seq = seq;
  }

  /** True while points are missing before the last one: the next picture has them. */
  get hasGap() {
    return this.#position.hasGap;
  }

  /**
   * Listen: "render" and "dynamic" bring the data of the `mycharts` message, "error" an RTError. All are called after
   * the chart took the message in. "age" brings `age`: when it becomes stale, each second (minute, hour) while it is, and when
   * something has come again. "quote" brings `quote`, "older" brings `older`: each time that it changes.
   * @param {"render" | "dynamic" | "error" | "age" | "quote" | "older"} event
   * @param {import("./emitter.js").Listener} listener
   * @returns {() => void} ends it
   */
  on(event, listener) {
    return this.#events.on(event, listener);
  }

  /** @returns {Label[]} the x axis of all series, oldest first */
  labels() {
    return this.axis.toArray();
  }

  /** @returns {ReturnType<typeof labelFormat>} how the labels of the x axis are shown */
  labelFormat() {
    return labelFormat(this.labels(), this.request.period, this.zone, this.#days);
  }

  /** @returns {import("./price_summary.js").PriceSummary | null} what its prices come to; null before the first one */
  summary() {
    return summarize(this.series[0]?.points() ?? []);
  }

  /**
   * Put rows before the first one: the next page of history. One page is on its way at a time.
   * @param {number} [count] how many rows at most
   * @returns {Promise<number>} how many came; 0 where there are none, and where the chart keeps as many points as it may.
   *   Rejected with RTError
   */
  loadOlder(count) {
    return this.#pages.load(count, ({ xAxis, series }) => {
      this.#days.add(xAxis.days);
      this.#seeRows(series[0]?.data ?? []);
    });
  }

  /** The request goes out (again): until its static render is there, what comes belongs to an earlier one. */
  onRequested() {
    this.#isWaiting = true;
    this.#isSessionOld = true;
  }

  /** @param {Session} session of its exchange; after a request it comes before the picture */
  onSession(session) {
    this.session = session;
    this.#isSessionOld = false;
    this.#days.add(session.days);
  }

  /**
   * @param {Render} render
   * @returns {boolean} whether it counts: what comes of an earlier request does not
   */
  onRender(render) {
    if (render.update === "static") {
      this.#load(render.chart, render.older);
      this.#position.load(render);
    } else if (!this.#isWaiting) {
      this.#append(render.chart);
      this.#position.hasGap ||= !this.#position.isFollowedBy(render);
      this.#position.advance(render);
    } else {
      return false;
    }
    if (render.quote !== undefined) this.quote = render.quote;
    this.#events.emit(render.update === "static" ? "render" : "dynamic", render);
    if (render.quote !== undefined) this.#events.emit("quote", this.quote);
    return true;
  }

  /** @param {Age} age */
  onAge(age) {
    this.age = age;
    this.#events.emit("age", age);
  }

  /**
   * @param {RTError} error the server's answer to this chart's request: no picture will come of it
   * @returns {boolean} whether anybody listens
   */
  onError(error) {
    // With one already there, the server may not have given up its successor.
    this.#isWaiting = this.series.length === 0;
    this.#events.emit("error", error);
    return this.#events.has("error");
  }

  /** @returns {Changes} since the last call */
  takeChanges() {
    return this.#rows.takeChanges();
  }

  /**
   * @param {number} index of a series
   * @returns {Float64Array} place on the axis, value, ... of one point after the other; see Series
   */
  drawing(index) {
    return this.series[index].drawing(this.axis.first);
  }

  /**
   * @param {StaticChart} chart
   * @param {boolean | undefined} hasOlder
   */
  #load(chart, hasOlder) {
    this.legends = chart.legends;
    this.yAxis = chart.yAxis;
    this.zone = chart.xAxis.zone ?? null;
    this.#days.add(chart.xAxis.days);
    if (this.#isSessionOld) this.session = null;
    this.prices = new PriceScale(chart.yAxis[0]?.decimals);
    const hasKept = this.#rows.load(chart);
    this.#seeRows(hasKept ? this.series[0].points() : (chart.series[0]?.data ?? []));
    this.#pages.onPicture(hasOlder, hasKept);
    this.#isWaiting = false;
  }

  /** @param {DynamicChart} chart */
  #append(chart) {
    this.#rows.put(chart, () => this.older.hasMore === true);
    for (const [index, ...row] of chart.series) if (index === 0) this.#seePrices(row);
  }

  /** @param {Row[]} rows of the first series */
  #seeRows(rows) {
    for (const row of rows) this.#seePrices(row);
  }

  /** @param {Row} row of the first series */
  #seePrices(row) {
    for (let place = 1; place < row.length; place += 1) this.prices.see(row[place]);
  }
}
