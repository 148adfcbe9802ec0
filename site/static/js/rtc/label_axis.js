/**
 * A chart's shared x axis: the labels of all its series, in order of arrival, bounded.
 *
 * Each label has an ordinal that it keeps while older ones are forgotten, so that a series can remember where its
 * points stand. The same label may come twice, with others in between: a clock that was set back.
 */

/** @import { Label } from "./chart.js" */
import { RingBuffer } from "./ring_buffer.js";

export class LabelAxis {
  /** @type {RingBuffer<Label>} */
  #labels;
  #capacity;
  #first = 0;
  #loads = 0;

  /** @param {number} capacity how many labels are kept */
  constructor(capacity) {
    this.#capacity = capacity;
    this.#labels = new RingBuffer(capacity);
  }

  /** The ordinal of the oldest label that is kept. */
  get first() {
    return this.#first;
  }

  /** Number of fillings: ordinals of one filling mean nothing in another. */
  get loads() {
    return this.#loads;
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
    this.#loads += 1;
    this.#first = Math.max(0, labels.length - this.#capacity);
    for (const label of labels.slice(this.#first)) this.#labels.push(label);
  }

  /**
   * Ordinal of a point that follows the one at ordinal `after`; a label that is not there yet is appended.
   * Series move in step, so the label is nearly always the very next one.
   * @param {Label} label
   * @param {number} after -1 for a series' first point
   * @returns {number} its ordinal
   */
  place(label, after) {
    for (let ordinal = Math.max(after + 1, this.#first); ordinal < this.end; ordinal += 1) {
      if (this.#labels.at(ordinal - this.#first) === label) return ordinal;
    }
    if (this.#labels.push(label)) this.#first += 1;
    return this.end - 1;
  }

  /** @returns {Label[]} oldest first */
  toArray() {
    return this.#labels.toArray();
  }
}
