/** Offset of a pushed message in the order of all: `<milliseconds>-<number>`, two integers. */

/**
 * @param {string} offset
 * @param {string | null} other null: before all others
 * @returns {boolean}
 */
export function isNewer(offset, other) {
  return other === null || compareOffsets(offset, other) > 0;
}

/**
 * As texts offsets do not sort, and their parts may be larger than what a number can hold exactly.
 * @param {string} one
 * @param {string} other
 * @returns {number} above 0 if `one` is newer, 0 if they are the same
 */
export function compareOffsets(one, other) {
  const [ms, number] = one.split("-");
  const [otherMs, otherNumber] = other.split("-");
  return compareDigits(ms, otherMs) || compareDigits(number, otherNumber);
}

/**
 * @param {string} one
 * @param {string} other
 */
function compareDigits(one = "", other = "") {
  if (one.length !== other.length) return one.length - other.length;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
