/**
 * A chart's shared x axis: the labels of all its series, in order of arrival, bounded.
 *
 * Each label has an ordinal that it keeps while older ones are forgotten and while older ones are put before them, so that a
 * series can remember where its points stand. Only a label that is inserted between others moves those after it. The same
 * label may come twice, with others in between: a clock that was set back.
 */

/** @import { Label } from "./chart.js" */
import { isEarlier } from "./label_order.js";
import { RingBuffer } from "./ring_buffer.js";

export class LabelAxis {
  /** @type {RingBuffer<Label>} */
  #labels;
  #capacity;
  #periodMs;
  #first = 0;
  #numbering = 0;
  #older = 0;
  #hasForgotten = false;

  /**
   * @param {number} capacity how many labels are kept
   * @param {number} [periodMs] the length of a bar
   */
  constructor(capacity, periodMs = 0) {
    this.#capacity = capacity;
    this.#periodMs = periodMs;
    this.#labels = new RingBuffer(capacity);
  }

  /** Number of labels that are kept. */
  get length() {
    return this.#labels.length;
  }

  /** The ordinal of the oldest label that is kept. */
  get first() {
    return this.#first;
  }

  /** Number of times that labels got other ordinals: those of one numbering mean nothing in another. */
  get numbering() {
    return this.#numbering;
  }

  /** Number of labels that were put before those of the picture and are still there. */
  get older() {
    return this.#older;
  }

  /** True when the label before the oldest one was here and had to go. */
  get hasForgotten() {
    return this.#hasForgotten;
  }

  /** @returns {Label | undefined} the one at the left end */
  get oldest() {
    return this.length === 0 ? undefined : this.#labels.at(0);
  }

  /** The ordinal that the next new label gets. */
  get end() {
    return this.#first + this.#labels.length;
  }

  /**
   * Start over with these; the newest of them are kept, and their ordinals begin behind those that are not.
   * @param {Label[]} labels
   */
  load(labels) {
    this.#labels.clear();
    this.#numbering += 1;
    this.#older = 0;
    this.#first = Math.max(0, labels.length - this.#capacity);
    this.#hasForgotten = this.#first > 0;
    for (const label of labels.slice(this.#first)) this.#labels.push(label);
  }

  /**
   * Ordinal of a point that follows the one at ordinal `after`; a label that is not there yet is appended.
   * Series move in step, so the label is nearly always the very next one.
   * @param {Label} label
   * @param {number} after -Infinity for a series' first point
   * @returns {number} its ordinal
   */
  place(label, after) {
    for (let ordinal = Math.max(after + 1, this.#first); ordinal < this.end; ordinal += 1) {
      if (this.#labels.at(ordinal - this.#first) === label) return ordinal;
    }
    if (this.#labels.push(label)) this.#forgetOldest();
    return this.end - 1;
  }

  /** @param {Label} label @returns {boolean} whether it belongs before the newest one */
  isPast(label) {
    const newest = this.#labels.last;
    return newest !== undefined && label !== newest && isEarlier(label, newest, this.#periodMs);
  }

  /**
   * @param {Label} label
   * @returns {number | null} the ordinal of the newest label that is the same; null where there is none
   */
  find(label) {
    for (let index = this.length - 1; index >= 0; index -= 1) {
      if (this.#labels.at(index) === label) return this.#first + index;
    }
    return null;
  }

  /**
   * Put a past label between the others: those after it get the next ordinals.
   * @param {Label} label that `find` does not find
   * @param {boolean} mayBeOldest whether it may stand before all others
   * @returns {number | null} its ordinal; null where it has no place
   */
  insert(label, mayBeOldest) {
    const index = this.#placeOf(label);
    if (index === 0 && (!mayBeOldest || this.length === this.#capacity)) return null;
    const ordinal = this.#first + index;
    if (this.#labels.insert(index, label)) this.#forgetOldest();
    this.#numbering += 1;
    return ordinal;
  }

  /**
   * Put older labels before all others, which keep their ordinals.
   * @param {Label[]} labels oldest first
   * @param {number} capacity how many labels are kept from now on
   * @returns {number} how many of them found room, the newest ones
   */
  prepend(labels, capacity) {
    this.#capacity = Math.max(capacity, this.#capacity);
    const count = Math.max(0, Math.min(labels.length, this.#capacity - this.length));
    this.#labels.fill([...labels.slice(labels.length - count), ...this.#labels.toArray()], this.#capacity);
    this.#first -= count;
    this.#older += count;
    this.#hasForgotten = count < labels.length;
    return count;
  }

  /** @returns {Label[]} oldest first */
  toArray() {
    return this.#labels.toArray();
  }

  #forgetOldest() {
    this.#first += 1;
    this.#hasForgotten = true;
    this.#older = Math.max(0, this.#older - 1);
  }

  /**
   * @param {Label} label
   * @returns {number} the index behind the newest label that it does not belong before
   */
  #placeOf(label) {
    let index = this.length;
    while (index > 0 && isEarlier(label, this.#labels.at(index - 1), this.#periodMs)) index -= 1;
    return index;
  }
}
