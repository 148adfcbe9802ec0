/**
 * The newest items of an endless row: a push into a full buffer forgets the oldest.
 *
 * @template T
 */
export class RingBuffer {
  /** @type {T[]} */
  #items = [];
  #start = 0;
  #capacity;

  /** @param {number} capacity how many are kept, at least 1 */
  constructor(capacity) {
    if (!(capacity >= 1)) throw new RangeError(`capacity must be at least 1, not ${capacity}`);
    this.#capacity = Math.floor(capacity);
  }

  get length() {
    return this.#items.length;
  }

  /** @returns {T | undefined} the newest item */
  get last() {
    return this.length === 0 ? undefined : this.#items[this.#place(this.length - 1)];
  }

  /**
   * @param {number} index from 0, the oldest, up to, not including, `length`
   * @returns {T}
   */
  at(index) {
    if (!(index >= 0 && index < this.length)) throw new RangeError(`no item ${index} of ${this.length}`);
    return this.#items[this.#place(index)];
  }

  /**
   * @param {T} item
   * @returns {boolean} whether an older one had to go for it
   */
  push(item) {
    if (this.length < this.#capacity) {
      this.#items.push(item);
      return false;
    }
    this.#items[this.#start] = item;
    this.#start = (this.#start + 1) % this.#capacity;
    return true;
  }

  /** @param {T} item takes the newest item's place; there has to be one */
  replaceLast(item) {
    if (this.length === 0) throw new RangeError("no item to replace");
    this.replace(this.length - 1, item);
  }

  /**
   * @param {number} index as for `at`
   * @param {T} item takes the place of the one there
   */
  replace(index, item) {
    this.at(index);
    this.#items[this.#place(index)] = item;
  }

  /**
   * Put an item between others. Costs as much as there are items.
   * @param {number} index that it gets, from 0 to `length`
   * @param {T} item
   * @returns {boolean} whether the oldest one had to go for it, which may be this one
   */
  insert(index, item) {
    const items = this.toArray();
    items.splice(index, 0, item);
    return this.fill(items);
  }

  /**
   * Start over with these; the newest of them are kept.
   * @param {T[]} items oldest first
   * @param {number} [capacity] how many are kept from now on
   * @returns {boolean} whether older ones had to go
   */
  fill(items, capacity = this.#capacity) {
    this.#capacity = Math.floor(capacity);
    this.#items = items.slice(-this.#capacity);
    this.#start = 0;
    return items.length > this.#capacity;
  }

  clear() {
    this.fill([]);
  }

  /** @returns {T[]} oldest first; the caller's own */
  toArray() {
    return [...this.#items.slice(this.#start), ...this.#items.slice(0, this.#start)];
  }

  /** @param {number} index */
  #place(index) {
    const place = this.#start + index;
    return place < this.#items.length ? place : place - this.#items.length;
  }
}
