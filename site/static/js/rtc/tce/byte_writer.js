/**
 * Values into bytes, one after the other (TCE protocol, section 3). A value that does not fit its type is the caller's
 * mistake: a TypeError or a RangeError, never other bytes than meant.
 */

import { encodeText } from "./utf8.js";

const MAX_UINT32 = 0xffffffff;

export class ByteWriter {
  #bytes = new Uint8Array(64);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** @returns {Uint8Array} a copy of all that was written */
  toBytes() {
    return this.#bytes.slice(0, this.#length);
  }

  /** @param {number} value 0 to 255 */
  byte(value) {
    const at = this.#claim(1);
    this.#view.setUint8(at, integer("byte", value, 0, 0xff));
  }

  /** @param {boolean} value */
  bool(value) {
    if (typeof value !== "boolean") throw new TypeError(`bool: ${describe(value)}`);
    this.byte(value ? 1 : 0);
  }

  /** @param {number} value */
  short(value) {
    const at = this.#claim(2);
    this.#view.setInt16(at, integer("short", value, -0x8000, 0x7fff));
  }

  /** @param {number} value */
  unsignedShort(value) {
    const at = this.#claim(2);
    this.#view.setUint16(at, integer("unsigned short", value, 0, 0xffff));
  }

  /** @param {number} value */
  int(value) {
    const at = this.#claim(4);
    this.#view.setInt32(at, integer("int", value, -0x80000000, 0x7fffffff));
  }

  /** @param {number} value */
  unsignedInt(value) {
    const at = this.#claim(4);
    this.#view.setUint32(at, integer("unsigned int", value, 0, MAX_UINT32));
  }

  /** @param {bigint | number} value a number only where it is exact */
  long(value) {
    const exact = typeof value === "bigint" ? value : BigInt(integer("long", value, -Infinity, Infinity));
    if (BigInt.asIntN(64, exact) !== exact) throw new RangeError(`long: ${describe(value)}`);
    const at = this.#claim(8);
    this.#view.setBigInt64(at, exact);
  }

  /** @param {number} value rounded to 32 bits; what would become infinite by that does not fit */
  float(value) {
    const rounded = Math.fround(number("float", value));
    if (Number.isFinite(value) && !Number.isFinite(rounded)) throw new RangeError(`float: ${describe(value)}`);
    const at = this.#claim(4);
    this.#view.setFloat32(at, rounded);
  }

  /** @param {number} value */
  double(value) {
    const at = this.#claim(8);
    this.#view.setFloat64(at, number("double", value));
  }

  /** @param {string} value */
  string(value) {
    if (typeof value !== "string") throw new TypeError(`string: ${describe(value)}`);
    this.bytes(encodeText(value));
  }

  /**
   * The number of bytes, then the bytes.
   * @param {Uint8Array} value
   */
  bytes(value) {
    this.unsignedInt(value.length);
    this.raw(value);
  }

  /** @param {Uint8Array} bytes written as they are */
  raw(bytes) {
    const at = this.#claim(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /**
   * To be called before `#bytes` and `#view` are looked at: it may replace them.
   * @param {number} length
   * @returns {number} where these bytes go
   */
  #claim(length) {
    const start = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) this.#grow();
    return start;
  }

  #grow() {
    const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/**
 * @param {string} type
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function integer(type, value, least, most) {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${type}: ${describe(value)}`);
  if (value < least || value > most) throw new RangeError(`${type}: ${value} is not from ${least} to ${most}`);
  return value;
}

/**
 * @param {string} type
 * @param {number} value
 */
function number(type, value) {
  if (typeof value !== "number") throw new TypeError(`${type}: ${describe(value)}`);
  return value;
}

/** @param {any} value */
function describe(value) {
  const isShown = value === null || ["number", "bigint", "boolean", "undefined"].includes(typeof value);
  return isShown ? `${value} is no value for it` : `a ${typeof value} is no value for it`;
}
