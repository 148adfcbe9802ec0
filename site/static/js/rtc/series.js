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

  /** @param {number} ordinal @returns {Row[]} the points that stand before it */
  before(ordinal) {
    return this.#points.toArray().filter((point) => point.ordinal < ordinal).map(({ row }) => row);
  }

  /** @param {Point[]} points the first ones that it gets, oldest first */
  load(points) {
    for (const point of points) this.#points.push(point);
  }

  /**
   * A new point, or the last one's newer values when it has the last one's label.
   * @param {Row} row
   * @param {LabelAxis} axis
   */
  put(row, axis) {
    const last = this.#points.last;
    if (last !== undefined && last.row[0] === row[0]) this.#points.replaceLast({ ordinal: last.ordinal, row });
    else this.#points.push({ ordinal: axis.place(row[0], last?.ordinal ?? -Infinity), row });
  }

  /**
   * A point that belongs before the newest label: newer values of the one there, or one more.
   * @param {Row} row
   * @param {number} ordinal of its label
   */
  correct(row, ordinal) {
    let index = this.#points.length - 1;
    while (index >= 0 && this.#points.at(index).ordinal > ordinal) index -= 1;
    if (index >= 0 && this.#points.at(index).ordinal === ordinal) this.#points.replace(index, { ordinal, row });
    else this.#points.insert(index + 1, { ordinal, row });
  }

  /** @param {number} ordinal of a label that was inserted: the points at it and after it stand one place further on */
  makeRoom(ordinal) {
    for (let index = this.#points.length - 1; index >= 0 && this.#points.at(index).ordinal >= ordinal; index -= 1) {
      this.#points.at(index).ordinal += 1;
    }
  }

  /**
   * Put older points before all others.
   * @param {Point[]} points oldest first
   * @param {number} from the ordinal behind theirs: what the series has before it is forgotten by the axis
   * @param {number} capacity how many points are kept from now on
   */
  prepend(points, from, capacity) {
    this.#points.fill([...points, ...this.#points.toArray().filter(({ ordinal }) => ordinal >= from)], capacity);
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

/**
 * The points of a picture or of a page. One whose label is not among the labels, or not kept, is left out.
 * @param {Row[]} rows
 * @param {Label[]} labels all labels of the picture
 * @param {number} from the ordinal of the first of them
 * @param {number} first the ordinal of the oldest label that is kept
 * @returns {Point[]}
 */
export function standing(rows, labels, from, first) {
  const points = [];
  let index = -1;
  for (const row of rows) {
    const found = labels.indexOf(row[0], index + 1);
    if (found < 0) continue;
    index = found;
    if (from + index >= first) points.push({ ordinal: from + index, row });
  }
  return points;
}
