/**
 * The part of a time axis that a reader has zoomed into, and where it is after the axis has moved.
 *
 * Whoever looks at a place goes on seeing it: while points come, while old ones are forgotten, and in the new picture after
 * a reconnect, or of another chart with the same rows. Whoever looks at the newest points goes on seeing the newest ones, as
 * many as before.
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
/** @typedef {{numbering: number, first: number, labels: Label[]}} DrawnAxis */
/**
 * @typedef {object} Held Places are fractions of one, as a finger moves; they count as the axis' ordinals do.
 * @property {number} numbering which one of the axis they count on
 * @property {number} from
 * @property {number} width
 * @property {boolean} isNewest
 * @property {Label} firstLabel
 * @property {Label} lastLabel
 * @property {number} fromOffset how far `from` is from the first label's place
 * @property {number} toOffset
 */

/** Of a place that is to be found on the next axis by its labels. */
const NO_NUMBERING = -1;
/** So much of what is seen may lie to the left of it until older points are wanted. */
const NEAR = 0.2;

export class ZoomPlace {
  /** @type {DrawnAxis} */
  #drawn = { numbering: NO_NUMBERING, first: 0, labels: [] };
  /** @type {Held | null} null until the reader zooms */
  #held = null;

  /**
   * The reader has zoomed in what is drawn.
   * @param {ZoomEvent} event
   */
  onZoom(event) {
    const { start, end, startValue, endValue } = event.batch?.[0] ?? event;
    const { numbering, first, labels } = this.#drawn;
    const newest = labels.length - 1;
    const from = offHalf(start === undefined ? startValue : (start * newest) / 100);
    const to = offHalf(end === undefined ? endValue : (end * newest) / 100);
    if (newest < 1 || from === undefined || to === undefined) return;
    this.#held = {
      numbering,
      from: first + from,
      width: from <= 0 && to >= newest ? Infinity : to - from,
      isNewest: to >= newest,
      firstLabel: labels[Math.round(from)],
      lastLabel: labels[Math.round(to)],
      fromOffset: from - Math.round(from),
      toOffset: to - Math.round(to),
    };
  }

  /**
   * Note what is about to be drawn, and say which part of it is to be seen.
   * @param {LabelAxis} axis
   * @returns {Percent | null} null: the reader has not chosen
   */
  take(axis) {
    const before = this.#drawn;
    this.#drawn = { numbering: axis.numbering, first: axis.first, labels: axis.toArray() };
    const held = this.#held;
    if (held === null) return null;
    // Who saw everything goes on seeing that while older points are put before it.
    if (axis.first < before.first && axis.numbering === before.numbering) held.width = Math.min(held.width, before.labels.length - 1);
    const { from, to } = this.isBefore(axis) ? this.#oldest(held) : this.#window(held);
    const newest = axis.length - 1;
    return newest < 1 ? { start: 0, end: 100 } : { start: (100 * from) / newest, end: (100 * to) / newest };
  }

  /** What is drawn next is another chart's axis, with the same labels. */
  moveToNewAxis() {
    this.#drawn = { numbering: NO_NUMBERING, first: 0, labels: [] };
    if (this.#held !== null) this.#held.numbering = NO_NUMBERING;
  }

  /**
   * @param {LabelAxis} axis
   * @returns {boolean} whether the place is before the oldest point: it is seen again when those points are put there
   */
  isBefore(axis) {
    const held = this.#held;
    if (held === null || held.isNewest || held.numbering === axis.numbering || axis.oldest === undefined) return false;
    const { firstLabel } = held;
    return typeof firstLabel === "number" ? firstLabel < Number(axis.oldest) : axis.find(firstLabel) === null;
  }

  /**
   * @param {LabelAxis} axis as it is now: what has been put before the oldest point may not be drawn yet
   * @returns {boolean | null} whether the reader has come near the oldest point, within a part of what is seen; null: has not zoomed
   */
  isNearOldest(axis) {
    const held = this.#held;
    if (held === null) return null;
    const width = Math.min(held.width, this.#drawn.labels.length - 1);
    if (held.isNewest) return axis.length - 1 - width <= NEAR * width;
    return held.numbering === axis.numbering && held.from - axis.first <= NEAR * width;
  }

  /** @param {Held} held @returns {{from: number, to: number}} the place that is nearest to one before all of them */
  #oldest(held) {
    return { from: 0, to: Math.min(held.width, this.#drawn.labels.length - 1) };
  }

  /** @param {Held} held @returns {{from: number, to: number}} places of what is drawn */
  #window(held) {
    const { numbering, first, labels } = this.#drawn;
    const newest = labels.length - 1;
    if (held.isNewest) return { from: Math.max(0, newest - held.width), to: newest };
    if (held.numbering !== numbering) this.#find(held);
    // Of a place that has been forgotten the oldest points are left.
    const from = Math.min(Math.max(0, held.from - first), Math.max(0, newest - held.width));
    return { from, to: Math.min(newest, from + held.width) };
  }

  /** @param {Held} held gets the places that its labels have in another picture */
  #find(held) {
    const { numbering, first, labels } = this.#drawn;
    const from = place(labels, held.firstLabel) + held.fromOffset;
    const to = place(labels, held.lastLabel) + held.toOffset;
    held.numbering = numbering;
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
