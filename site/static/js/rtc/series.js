/** One series of a chart: its newest points, and where they stand on the chart's x axis. */

/** @import { Label, Row, SeriesData } from "./chart.js" */
/** @import { LabelAxis } from "./label_axis.js" */
import { RingBuffer } from "./ring_buffer.js";

/** @typedef {{ordinal: number, row: Row}} Point */

export class Series {
  /** @type {RingBuffer<Point>} */
  #points;

  /**
   * @param {SeriesData} description as a static render brings it; its points are loaded by `load`
   * @param {number} capacity how many points are kept
   */
  constructor({ name, type, yAxisIndex = 0 }, capacity) {
    this.name = name;
    this.type = type;
    this.yAxisIndex = yAxisIndex;
    this.#points = new RingBuffer(capacity);
  }

  /** Numbers of a point in a drawing. */
  get width() {
    return this.type === "candlestick" ? 5 : 2;
  }

  /** @returns {Row | undefined} the newest point */
  get last() {
    return this.#points.last?.row;
  }

  /** True when all of its points are zero, or there are none. */
  get isNothing() {
    for (let index = this.#points.length - 1; index >= 0; index -= 1) {
      if (this.#points.at(index).row[1]) return false;
    }
    return true;
  }

  /** @returns {Row[]} `[label, value, ...]`, oldest first */
  points() {
    return this.#points.toArray().map(({ row }) => row);
  }

  /**
   * The points of a static render. One that fell off the axis' old end, or whose label is not on it, is left out.
   * @param {Row[]} rows
   * @param {Label[]} labels all labels of the render
   * @param {number} first the ordinal of the oldest label that the axis kept
   */
  load(rows, labels, first) {
    let ordinal = -1;
    for (const row of rows) {
      const found = labels.indexOf(row[0], ordinal + 1);
      if (found < 0) continue;
      ordinal = found;
      if (ordinal >= first) this.#points.push({ ordinal, row });
    }
  }

  /**
   * A new point, or the last one's newer values when it has the last one's label.
   * @param {Row} row
   * @param {LabelAxis} axis
   */
  put(row, axis) {
    const last = this.#points.last;
    if (last !== undefined && last.row[0] === row[0]) this.#points.replaceLast({ ordinal: last.ordinal, row });
    else this.#points.push({ ordinal: axis.place(row[0], last?.ordinal ?? -1), row });
  }

  /**
   * @param {number} first the ordinal of the axis' oldest label
   * @returns {Float64Array} place on the axis, value, ... of one point after the other, NaN for no value: what ECharts
   *   draws on a category axis. Of a plain array it would make a deep copy for each drawing.
   */
  drawing(first) {
    const points = this.#points.toArray().filter(({ ordinal }) => ordinal >= first);
    const data = new Float64Array(points.length * this.width);
    let at = 0;
    for (const { ordinal, row } of points) {
      data[at] = ordinal - first;
      for (let place = 1; place < this.width; place += 1) data[at + place] = /** @type {any} */ (row[place] ?? NaN);
      at += this.width;
    }
    return data;
  }
}
