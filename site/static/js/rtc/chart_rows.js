/**
 * The rows of a chart: one axis of labels and the series above it, which move together. Bounded.
 *
 * Decides where a row belongs, and which series are to be drawn anew since the last look.
 */

/** @import { DynamicChart, Label, Row, StaticChart } from "./chart.js" */
import { LabelAxis } from "./label_axis.js";
import { Series, standing } from "./series.js";

/** @typedef {{labels: boolean, series: number[]}} Changes Whether the axis moved, and the series to draw anew. */
/** @typedef {{labels: Label[], series: Row[][]}} OldRows */

export class ChartRows {
  /** @type {Series[]} */
  series = [];
  #capacity;
  #labelsChanged = false;
  /** @type {Set<number>} */
  #changed = new Set();
  #seenFirst = 0;

  /**
   * @param {number} capacity how many points of each series are kept
   * @param {number} periodMs the length of a bar
   */
  constructor(capacity, periodMs) {
    this.#capacity = capacity;
    this.axis = new LabelAxis(capacity, periodMs);
  }

  /**
   * Start over with a picture. Older rows that were asked for stay where they join it: where its first label is one of
   * theirs.
   * @param {StaticChart} picture
   * @returns {boolean} whether such rows stayed
   */
  load({ xAxis, series }) {
    const older = this.#joining(xAxis.data[0], series.map(({ name }) => name));
    this.axis.load(xAxis.data);
    const { first } = this.axis;
    this.series = series.map((description) => new Series(description, this.#capacity));
    this.series.forEach((each, index) => each.load(standing(series[index].data, xAxis.data, 0, first)));
    if (older !== null) this.#prepend(older);
    this.#changeAll();
    return older !== null;
  }

  /**
   * Rows that follow, or that correct what is there.
   * @param {DynamicChart} news
   * @param {() => boolean} hasOlder whether there are rows before the first one, elsewhere
   */
  put({ series: rows }, hasOlder) {
    const { end } = this.axis;
    for (const [index, ...row] of rows) {
      if (this.series[index] === undefined) continue;
      if (this.axis.isPast(row[0])) this.#correct(index, row, hasOlder);
      else this.series[index].put(row, this.axis);
      this.#changed.add(index);
    }
    if (this.axis.end !== end) this.#labelsChanged = true;
  }

  /**
   * Rows before the first one.
   * @param {StaticChart} page with the same series
   * @param {number} most how many points of each series are kept at most
   * @returns {number} how many rows found room, the newest ones
   */
  prepend({ xAxis, series }, most) {
    this.#capacity = Math.min(Math.max(most, this.#capacity), this.#capacity + xAxis.data.length);
    const count = this.#prepend({ labels: xAxis.data, series: series.map(({ data }) => data) });
    if (count > 0) this.#changeAll();
    return count;
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
   * @param {Row} row
   * @param {() => boolean} hasOlder
   */
  #correct(index, row, hasOlder) {
    const found = this.axis.find(row[0]);
    const ordinal = found ?? this.axis.insert(row[0], !hasOlder());
    if (ordinal === null) return; // it is older than all that is kept
    if (found === null) {
      for (const each of this.series) each.makeRoom(ordinal);
      this.#changeAll();
    }
    this.series[index].correct(row, ordinal);
  }

  /** @param {OldRows} rows @returns {number} */
  #prepend({ labels, series }) {
    const end = this.axis.first;
    const count = this.axis.prepend(labels, this.#capacity);
    this.series.forEach((each, index) => {
      each.prepend(standing(series[index], labels, end - labels.length, this.axis.first), end, this.#capacity);
    });
    return count;
  }

  /**
   * @param {Label | undefined} label the first of a new picture
   * @param {string[]} names of its series
   * @returns {OldRows | null} what stands before it; null where nothing older was asked for, or where it does not join
   */
  #joining(label, names) {
    if (this.axis.older === 0 || label === undefined || names.join("\n") !== this.series.map(({ name }) => name).join("\n")) return null;
    const place = this.axis.toArray().lastIndexOf(label);
    if (place <= 0) return null;
    const labels = this.axis.toArray().slice(0, place);
    return { labels, series: this.series.map((each) => each.before(this.axis.first + place)) };
  }

  #changeAll() {
    this.#changed = new Set(this.series.keys());
    this.#labelsChanged = true;
  }
}
