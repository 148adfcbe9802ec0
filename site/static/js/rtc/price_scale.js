/**
 * Decimals of a chart's prices: one decision for axis, tooltip, last-price line, cards and spoken text.
 *
 * The quote may say its decimals. Otherwise they follow from the prices that were seen: as many as were written, and of
 * computed prices as many as tell the smallest step. They only ever grow, so that numbers do not jump to and fro.
 */

import { computedDecimals, formatNumber, MOST_DECIMALS, writtenDecimals } from "./number_format.js";

/** An average of prices has more decimals than they have: it is shown with as many more, where it needs them. */
const AVERAGE_DECIMALS = 2;
/** A smaller part of a price is the rounding of a sum, not a step. */
const ROUNDING = 2 ** -46;

export class PriceScale {
  #said;
  #written = 0;
  /** @type {number | null} the last computed price */
  #computed = null;
  #step = Infinity;
  /** @type {number | null} */
  #last = null;
  #lowest = Infinity;
  #highest = -Infinity;

  /** @param {number} [said] the quote's decimals, where it says them */
  constructor(said) {
    this.#said = isDecimals(said) ? said : null;
  }

  /** @param {unknown} price the next one; what is no number is passed over */
  see(price) {
    if (typeof price !== "number" || price === this.#last) return;
    this.#lowest = Math.min(this.#lowest, price);
    this.#highest = Math.max(this.#highest, price);
    if (this.#said !== null) return;
    this.#seeStep(price);
    if (hasAtMost(price, this.#written)) return;
    const written = writtenDecimals(price);
    if (written === null) this.#computed = price;
    else this.#written = Math.max(this.#written, written);
  }

  /** Decimals that every price is shown with. */
  get decimals() {
    if (this.#said !== null) return this.#said;
    if (this.#computed === null) return this.#written;
    return Math.max(this.#written, this.#step === Infinity ? computedDecimals(this.#computed) : decimalsOfStep(this.#step));
  }

  /** @returns {number} the characters of the longest price */
  get width() {
    return this.#lowest > this.#highest ? 0 : Math.max(...[this.#lowest, this.#highest].map((price) => this.format(price).length));
  }

  /**
   * @param {number} price
   * @returns {string}
   */
  format(price) {
    return formatNumber(price, this.decimals);
  }

  /**
   * @param {number} change a difference of two prices
   * @returns {string} with its sign
   */
  formatChange(change) {
    return `${change > 0 ? "+" : ""}${this.format(change)}`;
  }

  /**
   * @param {number} value something that was computed from prices and is measured as they are
   * @returns {string}
   */
  formatAverage(value) {
    return formatNumber(value, this.decimals, Math.min(MOST_DECIMALS, this.decimals + AVERAGE_DECIMALS));
  }

  /** @param {number} price */
  #seeStep(price) {
    const step = this.#last === null ? 0 : Math.abs(price - this.#last);
    if (step > Math.abs(price) * ROUNDING) this.#step = Math.min(this.#step, step);
    this.#last = price;
  }
}

/** @param {number} step */
function decimalsOfStep(step) {
  // 0.00999999 is a hundredth, too.
  return Math.min(MOST_DECIMALS, Math.max(0, Math.ceil(-Math.log10(step) - 1e-6)));
}

/**
 * @param {number} price
 * @param {number} decimals
 */
function hasAtMost(price, decimals) {
  const scale = 10 ** decimals;
  return Math.round(price * scale) / scale === price;
}

/**
 * @param {unknown} said
 * @returns {said is number}
 */
function isDecimals(said) {
  return Number.isInteger(said) && Number(said) >= 0 && Number(said) <= MOST_DECIMALS;
}
