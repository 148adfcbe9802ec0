/**
 * Strings as peers write them: UTF-8, and what the original JavaScript made of it (TCE protocol, section 3.1).
 *
 * Written is only UTF-8; text that it cannot say is refused. Read is also CESU-8, each half of a surrogate pair in three
 * bytes of its own, and a zero character in two bytes; whatever else is not UTF-8 becomes U+FFFD. Reading never fails.
 */

/** With the u flag, half a pair is matched only where the other half is missing. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;
const ENCODER = new TextEncoder();
// A byte order mark is part of the string: two strings that differ must not be read as one.
const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LENIENT = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * @param {string} text
 * @returns {Uint8Array}
 * @throws {RangeError} it has half a surrogate pair, of which UTF-8 would make U+FFFD
 */
export function encodeText(text) {
  const at = text.search(LONE_SURROGATE);
  if (at >= 0) throw new RangeError(`string: half a surrogate pair at ${at}`);
  return ENCODER.encode(text);
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function decodeText(bytes) {
  try {
    return STRICT.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return LENIENT.decode(toUtf8(bytes));
    throw error;
  }
}

/** @param {Uint8Array} bytes */
function toUtf8(bytes) {
  const utf8 = new Uint8Array(bytes.length);
  let end = 0;
  for (let at = 0; at < bytes.length;) {
    if (isPair(bytes, at)) {
      utf8.set(fourBytes(half(bytes, at), half(bytes, at + 3)), end);
      at += 6;
      end += 4;
    } else if (bytes[at] === 0xc0 && bytes[at + 1] === 0x80) {
      at += 2;
      end += 1;
    } else {
      utf8[end++] = bytes[at++];
    }
  }
  return utf8.subarray(0, end);
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 */
function isPair(bytes, at) {
  return isHalf(bytes, at, 0xa0) && isHalf(bytes, at + 3, 0xb0);
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @param {0xa0 | 0xb0} kind the second byte's high bits: of a first half, or of a second one
 */
function isHalf(bytes, at, kind) {
  return bytes[at] === 0xed && (bytes[at + 1] & 0xf0) === kind && (bytes[at + 2] & 0xc0) === 0x80;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @returns {number} the ten bits that the surrogate at this place carries
 */
function half(bytes, at) {
  return ((bytes[at + 1] & 0x0f) << 6) | (bytes[at + 2] & 0x3f);
}

/**
 * @param {number} high ten bits
 * @param {number} low ten bits
 */
function fourBytes(high, low) {
  return encodeText(String.fromCodePoint(0x10000 + (high << 10) + low));
}
