/**
 * Pace of requests for a chart of which something is missing.
 *
 * A picture is large. A client that lags because the line is slow must not be kept lagging by the pictures that are to
 * mend it, so each comes later than the one before it, until there has been no need of one for a while.
 */

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

export class RefreshPace {
  #last = -Infinity;
  #waitMs = FIRST_WAIT_MS;

  /**
   * @param {number} now milliseconds
   * @returns {number} milliseconds until the chart may be asked for again; 0 for at once
   */
  delayMs(now) {
    return Math.max(0, this.#last + this.#waitMs - now);
  }

  /** @param {number} now it is asked for again */
  onAsked(now) {
    const isCalm = now - this.#last > LONGEST_WAIT_MS;
    this.#waitMs = isCalm ? FIRST_WAIT_MS : Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
    this.#last = now;
  }
}
