/**
 * The part of a time axis that a reader has zoomed into, and where it is after the axis has moved.
 *
 * Whoever looks at a place goes on seeing it: while points come, while old ones are forgotten, and in the new picture after
 * a reconnect. Whoever looks at the newest points goes on seeing the newest ones, as many as before.
 */

/** @import { Label } from "./chart.js" */
/** @import { LabelAxis } from "./label_axis.js" */

/**
 * @typedef {object} ZoomEvent What ECharts says about a zoom: per cent of the axis, or places on it; at the top or in a batch.
 * @property {number} [start]
 * @property {number} [end]
 * @property {number} [startValue]
 * @property {number} [endValue]
 * @property {ZoomEvent[]} [batch]
 */
/** @typedef {{start: number, end: number}} Percent */
/** @typedef {{loads: number, first: number, labels: Label[]}} DrawnAxis */
/**
 * @typedef {object} Held Places are fractions of one, as a finger moves; they count from the first label ever.
 * @property {number} loads which filling of the axis they count on
 * @property {number} from
 * @property {number} width
 * @property {boolean} isNewest
 * @property {Label} firstLabel
 * @property {Label} lastLabel
 */

export class ZoomPlace {
  /** @type {DrawnAxis} */
  #drawn = { loads: 0, first: 0, labels: [] };
  /** @type {Held | null} null until the reader zooms */
  #held = null;

  /**
   * The reader has zoomed in what is drawn.
   * @param {ZoomEvent} event
   */
  onZoom(event) {
    const { start, end, startValue, endValue } = event.batch?.[0] ?? event;
    const { loads, first, labels } = this.#drawn;
    const newest = labels.length - 1;
    const from = offHalf(start === undefined ? startValue : (start * newest) / 100);
    const to = offHalf(end === undefined ? endValue : (end * newest) / 100);
    if (newest < 1 || from === undefined || to === undefined) return;
    this.#held = {
      loads,
      from: first + from,
      width: from <= 0 && to >= newest ? Infinity : to - from,
      isNewest: to >= newest,
      firstLabel: labels[Math.round(from)],
      lastLabel: labels[Math.round(to)],
    };
  }

  /**
   * Note what is about to be drawn, and say which part of it is to be seen.
   * @param {LabelAxis} axis
   * @returns {Percent | null} null: the reader has not chosen
   */
  take(axis) {
    this.#drawn = { loads: axis.loads, first: axis.first, labels: axis.toArray() };
    const held = this.#held;
    if (held === null) return null;
    const newest = this.#drawn.labels.length - 1;
    if (newest < 1) return { start: 0, end: 100 };
    if (held.isNewest) return { start: Math.max(0, 100 * (1 - held.width / newest)), end: 100 };
    if (held.loads !== axis.loads) this.#find(held);
    // Of a place that has been forgotten the oldest points are left.
    const from = Math.min(Math.max(0, held.from - axis.first), Math.max(0, newest - held.width));
    return { start: (100 * from) / newest, end: Math.min(100, (100 * (from + held.width)) / newest) };
  }

  /** @param {Held} held gets the places that its labels have in another picture */
  #find(held) {
    const { loads, first, labels } = this.#drawn;
    const from = place(labels, held.firstLabel);
    const to = place(labels, held.lastLabel);
    held.loads = loads;
    held.from = first + from;
    if (to > from) held.width = to - from;
  }
}

/**
 * @param {Label[]} labels
 * @param {Label} label
 * @returns {number} where it is, or where what follows it begins
 */
function place(labels, label) {
  const found = labels.lastIndexOf(label);
  if (found >= 0 || typeof label !== "number") return Math.max(0, found);
  return Math.max(0, labels.findIndex((other) => Number(other) >= label));
}

/**
 * @param {number | undefined} value halfway between two labels it would be rounded now to the one, now to the other
 * @returns {number | undefined}
 */
function offHalf(value) {
  return value !== undefined && Math.abs((value % 1) - 0.5) < 1e-6 ? value + 1e-5 : value;
}
