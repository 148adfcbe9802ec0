/** What a dictionary, or extra values, may be given as. */

/**
 * The pairs of a Map or a plain object. Arrays, sets, dates and the like are none: their keys, if any, are not what was
 * meant.
 * @param {any} entries
 * @returns {[any, any][]}
 * @throws {TypeError}
 */
export function entriesOf(entries) {
  if (entries instanceof Map) return [...entries];
  const isPlain = Object.prototype.toString.call(entries) === "[object Object]" && !(Symbol.iterator in entries);
  if (isPlain) return Object.entries(entries);
  throw new TypeError("neither a Map nor a plain object");
}
