/**
 * One chart's state: what the server said it shows, kept up to date by its messages, bounded.
 *
 * Decides what a render means to the data and which of it has changed since the last look. It draws nothing and sends
 * nothing; it may be watched by a view, or by nobody.
 */

import { Emitter } from "./emitter.js";
import { LabelAxis } from "./label_axis.js";
import { labelFormat } from "./label_format.js";
import { Position } from "./position.js";
import { PriceScale } from "./price_scale.js";
import { summarize } from "./price_summary.js";
import { Series } from "./series.js";

/** @import { RTError } from "./rt_error.js" */

/** @typedef {string | number} Label Epoch milliseconds, or a text that is shown as it is. */
/** @typedef {[Label, ...(number | null)[]]} Row A label and the values there. */
/** @typedef {{name: string, type: string, yAxisIndex?: number, data: Row[]}} SeriesData */
/** @typedef {{name: string, decimals?: number}} YAxis `decimals` of the prices, where the quote says them. */
/** @typedef {{legends: string[], xAxis: {data: Label[]}, yAxis: YAxis[], series: SeriesData[]}} StaticChart */
/** @typedef {{series: [number, ...Row][]}} DynamicChart Rows, each behind the index of the series it belongs to. */
/**
 * @typedef {object} Render The data of a `mycharts` message.
 * @property {"render"} type
 * @property {"static" | "dynamic"} update
 * @property {string | number} chart_id
 * @property {string} [epoch] the server's: in another one `seq` is another count
 * @property {number} seq the number of the message's last point
 * @property {number} [prev_seq] of a dynamic one: the number of the last point before it
 * @property {any} chart StaticChart or DynamicChart
 */
/**
 * @typedef {object} ChartRequest What is sent to ask for a chart.
 * @property {string | number} chart_id
 * @property {string} exchange
 * @property {string} item
 * @property {string} date YYYYMMDD
 * @property {"static" | "dynamic"} [update] a picture, or one that goes on
 * @property {number} [period] seconds of one bar; 0 for every tick
 * @property {"line" | "ohlc" | "bar" | "scatter"} [shape]
 * @property {string[]} [indicators] such as "sma:20"
 * @property {number | null} [max_rate] updates a second, at most; null: as fast as the server allows
 */
/** @typedef {{ms: number | null, isStale: boolean}} Age `ms` while it is stale; null: it is not live any more. */
/** @typedef {{labels: boolean, series: number[]}} Changes Whether the axis moved, and the series to draw anew. */

export class Chart {
  /** @type {string[]} */
  legends = [];
  /** @type {YAxis[]} */
  yAxis = [];
  /** @type {Series[]} */
  series = [];
  /** Decimals of its prices. */
  prices = new PriceScale();
  /** @type {Age} Of the newest price: stale when nothing has come for longer than is usual for this quote. */
  age = { ms: 0, isStale: false };
  #points;
  #position = new Position();
  #events = new Emitter();
  #isWaiting = true;
  #labelsChanged = false;
  /** @type {Set<number>} */
  #changed = new Set();
  #seenFirst = 0;

  /**
   * @param {ChartRequest} request
   * @param {number} points how many points of each series are kept
   */
  constructor(request, points) {
    this.request = request;
    this.chart_id = request.chart_id;
    this.#points = points;
    /** The x axis of all series. */
    this.axis = new LabelAxis(points);
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
   * something has come again.
   * @param {"render" | "dynamic" | "error" | "age"} event
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
    return labelFormat(this.labels(), this.request.period);
  }

  /** @returns {import("./price_summary.js").PriceSummary | null} what its prices come to; null before the first one */
  summary() {
    return summarize(this.series[0]?.points() ?? []);
  }

  /** The request goes out (again): until its static render is there, what comes belongs to an earlier one. */
  onRequested() {
    this.#isWaiting = true;
  }

  /**
   * @param {Render} render
   * @returns {boolean} whether it counts: what comes of an earlier request does not
   */
  onRender(render) {
    if (render.update === "static") {
      this.#load(render.chart);
      this.#position.load(render);
    } else if (!this.#isWaiting) {
      this.#append(render.chart);
      this.#position.hasGap ||= !this.#position.isFollowedBy(render);
      this.#position.advance(render);
    } else {
      return false;
    }
    this.#events.emit(render.update === "static" ? "render" : "dynamic", render);
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
    // Places on the axis count from its oldest label: when that one went, every series has moved.
    const hasMoved = this.axis.first !== this.#seenFirst;
    const series = hasMoved ? [...this.series.keys()] : [...this.#changed];
    const labels = this.#labelsChanged;
    this.#seenFirst = this.axis.first;
    this.#labelsChanged = false;
    this.#changed.clear();
    return { labels, series };
  }

  /**
   * @param {number} index of a series
   * @returns {Float64Array} place on the axis, value, ... of one point after the other; see Series
   */
  drawing(index) {
    return this.series[index].drawing(this.axis.first);
  }

  /** @param {StaticChart} chart */
  #load({ legends, xAxis, yAxis, series }) {
    this.legends = legends;
    this.yAxis = yAxis;
    this.prices = new PriceScale(yAxis[0]?.decimals);
    for (const row of series[0]?.data ?? []) this.#seePrices(row);
    this.axis.load(xAxis.data);
    this.series = series.map((description) => new Series(description, this.#points));
    this.series.forEach((each, index) => each.load(series[index].data, xAxis.data, this.axis.first));
    this.#changed = new Set(this.series.keys());
    this.#labelsChanged = true;
    this.#isWaiting = false;
  }

  /** @param {DynamicChart} chart */
  #append({ series: rows }) {
    const end = this.axis.end;
    for (const [index, ...row] of rows) {
      if (this.series[index] === undefined) continue;
      this.series[index].put(row, this.axis);
      if (index === 0) this.#seePrices(row);
      this.#changed.add(index);
    }
    if (this.axis.end !== end) this.#labelsChanged = true;
  }

  /** @param {Row} row of the first series */
  #seePrices(row) {
    for (let place = 1; place < row.length; place += 1) this.prices.see(row[place]);
  }
}
