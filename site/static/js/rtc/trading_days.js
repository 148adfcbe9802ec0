/**
 * The trading days of a chart's moments, as far as the server says them. Pure.
 *
 * It does where they are other days than the exchange's clock shows: a night session belongs to the next trading day.
 */

/** @typedef {[number, number]} DayStart From which moment prices count for a trading day, and the label of its daily bar. */

export class TradingDays {
  /** @type {DayStart[]} ascending */
  #starts = [];

  /**
   * Know these beside the others.
   * @param {DayStart[]} [starts]
   */
  add(starts = []) {
    if (starts.length === 0) return;
    const known = new Map([...this.#starts, ...starts]);
    this.#starts = [...known].sort(([one], [other]) => one - other);
  }

  /**
   * @param {number} time epoch milliseconds
   * @returns {number | null} the trading day, as midnight in UTC of its date; null where the server has said none
   */
  dayOf(time) {
    let [low, high] = [0, this.#starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle][0] <= time) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : this.#starts[low - 1][1];
  }
}
