/**
 * Values out of bytes, one after the other (TCE protocol, section 3). Every length and count is checked against the
 * bytes that are left before anything is made of it; the one error is DecodeError.
 */

import { DecodeError } from "./error.js";
import { decodeText } from "./utf8.js";

export class ByteReader {
  #bytes;
  #view;
  #at = 0;

  /** @param {Uint8Array} bytes must stay as they are while they are read */
  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many bytes are left. */
  get remaining() {
    return this.#bytes.length - this.#at;
  }

  byte() {
    return this.#view.getUint8(this.#pass(1));
  }

  bool() {
    return this.byte() !== 0;
  }

  short() {
    return this.#view.getInt16(this.#pass(2));
  }

  unsignedShort() {
    return this.#view.getUint16(this.#pass(2));
  }

  int() {
    return this.#view.getInt32(this.#pass(4));
  }

  unsignedInt() {
    return this.#view.getUint32(this.#pass(4));
  }

  long() {
    return this.#view.getBigInt64(this.#pass(8));
  }

  float() {
    return this.#view.getFloat32(this.#pass(4));
  }

  double() {
    return this.#view.getFloat64(this.#pass(8));
  }

  string() {
    return decodeText(this.#slice(this.unsignedInt()));
  }

  /** @returns {Uint8Array} a copy, so that a small value does not keep a large packet */
  bytes() {
    return this.#slice(this.unsignedInt()).slice();
  }

  /** @returns {Uint8Array} a copy of all that is left */
  rest() {
    return this.#slice(this.remaining).slice();
  }

  /**
   * The number of elements that follow.
   * @param {number} minBytes the least that one of them can take
   */
  count(minBytes) {
    const count = this.unsignedInt();
    if (count * minBytes > this.remaining) {
      throw new DecodeError(`${count} elements announced, and only ${this.remaining} bytes left`);
    }
    return count;
  }

  /** All has been read: what is left over means that the two sides disagree about the types. */
  end() {
    if (this.remaining > 0) throw new DecodeError(`${this.remaining} bytes left over`);
  }

  /** @param {number} length */
  #slice(length) {
    const start = this.#pass(length);
    return this.#bytes.subarray(start, start + length);
  }

  /**
   * @param {number} length
   * @returns {number} where these bytes start
   */
  #pass(length) {
    if (length > this.remaining) throw new DecodeError(`${length} bytes expected, ${this.remaining} left`);
    const start = this.#at;
    this.#at += length;
    return start;
  }
}
