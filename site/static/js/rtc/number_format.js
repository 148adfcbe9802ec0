/**
 * Numbers as people read them, in one language for a whole page: "1,234.5", "35K", "2e-8".
 *
 * A number that was written by somebody has few digits and is shown with all of them. One that was computed has up to 17,
 * most of which say nothing, and is rounded.
 */

/** Up to so many significant digits a number counts as written. Of computed ones, one in 100,000 has as few. */
const WRITTEN_DIGITS = 11;
/** Digits shown of a computed number, and its least decimals. */
const COMPUTED_DIGITS = 4;
const COMPUTED_DECIMALS = 2;
/** Every browser's Intl takes as many. */
export const MOST_DECIMALS = 20;
/** Below it an axis has no room for the zeros. */
const TINY = 1e-4;

const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 3 });

/** @type {Map<number, Intl.NumberFormat>} A formatter costs far more to make than to use. */
const formats = new Map();

/**
 * @param {number} value
 * @param {number} least decimals, from 0 to MOST_DECIMALS
 * @param {number} [most] decimals, the same where it is left out
 * @returns {string} with thousands set apart
 */
export function formatNumber(value, least, most = least) {
  const key = least * 100 + most;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat("en-US", { minimumFractionDigits: least, maximumFractionDigits: most });
    formats.set(key, format);
  }
  return format.format(value === 0 ? 0 : value); // no "-0"
}

/**
 * The decimals of a number as it was written.
 * @param {number} value a finite one
 * @returns {number | null} null for a computed one
 */
export function writtenDecimals(value) {
  const [mantissa, exponent] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "").length;
  return digits > WRITTEN_DIGITS ? null : clampDecimals(digits - 1 - Number(exponent));
}

/**
 * The decimals that show a computed number.
 * @param {number} value a finite one
 */
export function computedDecimals(value) {
  if (value === 0) return 0;
  const leading = Math.floor(Math.log10(Math.abs(value)));
  return clampDecimals(Math.max(COMPUTED_DECIMALS, COMPUTED_DIGITS - 1 - leading));
}

/**
 * @param {number} value of no price: a volume, an indicator
 * @returns {string}
 */
export function plainNumber(value) {
  const written = writtenDecimals(value);
  return written === null ? formatNumber(value, 0, computedDecimals(value)) : formatNumber(value, written);
}

/**
 * @param {number} value of an axis, a round one
 * @returns {string} short where nothing is lost by it: 1.25M, 35K, 430.5, 2e-8
 */
export function shortNumber(value) {
  const round = Number(value.toPrecision(12));
  if (round !== 0 && Math.abs(round) < TINY) return round.toExponential();
  const isExact = Math.abs(round) >= 10_000 && Number.isInteger(round / 10 ** (thousands(round) - 3));
  return isExact ? COMPACT.format(round) : plainNumber(round);
}

/** @param {number} value the exponent of the thousand, million, ... that it is counted in */
function thousands(value) {
  return Math.min(12, 3 * Math.floor(Math.log10(Math.abs(value)) / 3));
}

/** @param {number} decimals */
function clampDecimals(decimals) {
  return Math.min(MOST_DECIMALS, Math.max(0, decimals));
}
