/** JSON as the server reads it, on a page whose scripts have changed what objects turn into. */

/** Old frameworks define `toJSON` for arrays, and `JSON.stringify` then writes each array as a string. */
const PROTOTYPES = /** @type {any[]} */ ([Array.prototype, Object.prototype]);

/**
 * Return the JSON of a value. A `toJSON` of all arrays or of all objects does not count, one of the value's own class does.
 * @param {any} value
 * @returns {string}
 */
export function toJson(value) {
  return PROTOTYPES.some(hasToJson) ? JSON.stringify(value, asItIs) : JSON.stringify(value);
}

/** @param {any} prototype */
function hasToJson(prototype) {
  return prototype.toJSON !== undefined;
}

/**
 * A replacer: it is called with what `toJSON` returned, and finds what that was made of in the holder.
 * @this {any}
 * @param {string} key
 * @param {any} value
 */
function asItIs(key, value) {
  const original = this[key];
  return PROTOTYPES.some(({ toJSON }) => toJSON !== undefined && original?.toJSON === toJSON) ? original : value;
}

/**
 * @typedef {object} Json What reads and writes messages.
 * @property {(text: string) => any} parse throws where the text is no JSON
 * @property {(value: any) => string} stringify
 */

/** @type {Json} */
export const ownJson = { parse: (text) => JSON.parse(text), stringify: toJson };
