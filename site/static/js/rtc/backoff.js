/**
 * Pause before the next attempt: exponential with full jitter.
 *
 * The n-th delay is random between 0 and base * 2^n, so that clients that lost one server together do not come back
 * together. Decides delays only; it starts no timer.
 */

export class Backoff {
  #random;
  #baseMs;
  #capMs;
  #stableMs;
  #attempts = 0;
  /** @type {number | null} */
  #openedAt = null;

  /**
   * @param {object} options
   * @param {() => number} options.random from 0 up to, not including, 1
   * @param {number} [options.baseMs] the most that the first delay can be
   * @param {number} [options.capMs] the most that any delay can be
   * @param {number} [options.stableMs] a connection that lived this long makes the next delay a first one again
   */
  constructor({ random, baseMs = 500, capMs = 30_000, stableMs = 10_000 }) {
    this.#random = random;
    this.#baseMs = baseMs;
    this.#capMs = capMs;
    this.#stableMs = stableMs;
  }

  /** @param {number} now when the connection was made, in milliseconds */
  onOpen(now) {
    this.#openedAt = now;
  }

  /**
   * A server that accepts and at once hangs up must not be met with quick attempts for ever: only a connection that
   * lived for a while counts as success.
   * @param {number} now when the connection, or the attempt at one, was lost
   * @returns {number} milliseconds until the next attempt
   */
  nextDelayMs(now) {
    if (this.#openedAt !== null && now - this.#openedAt >= this.#stableMs) this.#attempts = 0;
    this.#openedAt = null;
    const limitMs = Math.min(this.#capMs, this.#baseMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return this.#random() * limitMs;
  }
}
