/**
 * The envelope around each message (TCE protocol, section 1): magic, size, compression, body.
 *
 * A stream of bytes in any pieces becomes packets; a body becomes one packet. What is inside a body, and how it is
 * inflated, is decided elsewhere.
 */

import { PacketError } from "./error.js";

const MAGIC = 0xefd2bb99;
/** Bytes from the magic to the body. */
const HEADER_BYTES = 14;
/** The size field counts itself and the rest of the header behind the magic. */
export const EMPTY_BYTES = 10;
const VERSION = 0x00000100;
const PLAIN = 0;
const ZLIB = 1;

/** What the original receivers take. */
export const MAX_PACKET_BYTES = 0x100000;

/** @typedef {{isCompressed: boolean, body: Uint8Array}} Packet */

/**
 * @param {Uint8Array} body
 * @returns {Uint8Array} never compressed: most peers at the other end of a WebSocket cannot inflate
 */
export function buildPacket(body) {
  const packet = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(packet.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, EMPTY_BYTES + body.length);
  view.setUint32(10, VERSION);
  packet.set(body, HEADER_BYTES);
  return packet;
}

/**
 * Whether a body can be sent: a receiver hangs up on a larger one.
 * @param {Uint8Array} body
 * @param {number} maxPacketBytes
 */
export function fitsPacket(body, maxPacketBytes) {
  return EMPTY_BYTES + body.length <= maxPacketBytes;
}

export class PacketReader {
  #maxPacketBytes;
  #buffer = new Uint8Array(1024);
  #start = 0;
  #end = 0;

  /** @param {number} [maxPacketBytes] the most that a packet's size field may say */
  constructor(maxPacketBytes = MAX_PACKET_BYTES) {
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** @param {Uint8Array} bytes the next piece of the stream, wherever it was cut */
  feed(bytes) {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /**
   * @returns {Packet | null} null: it has not come completely
   * @throws {PacketError} as soon as the header says that no good packet will come of it
   */
  next() {
    if (this.#end - this.#start < HEADER_BYTES) return null;
    const view = new DataView(this.#buffer.buffer, this.#start, HEADER_BYTES);
    const size = this.#checkedSize(view);
    const bodyStart = this.#start + HEADER_BYTES;
    const bodyEnd = bodyStart + size - EMPTY_BYTES;
    if (bodyEnd > this.#end) return null;
    this.#start = bodyEnd;
    return { isCompressed: view.getUint8(8) === ZLIB, body: this.#buffer.slice(bodyStart, bodyEnd) };
  }

  /** @param {DataView} header */
  #checkedSize(header) {
    if (header.getUint32(0) !== MAGIC) throw new PacketError("the bytes are no packet");
    const size = header.getUint32(4);
    if (size <= EMPTY_BYTES) throw new PacketError(`a packet of size ${size} has no body`);
    if (size > this.#maxPacketBytes) throw new PacketError(`a packet of size ${size}, above ${this.#maxPacketBytes}`);
    const compression = header.getUint8(8);
    if (compression !== PLAIN && compression !== ZLIB) throw new PacketError(`compression ${compression} is unknown`);
    return size;
  }

  /** @param {number} length of what is to be added */
  #makeRoom(length) {
    const held = this.#buffer.subarray(this.#start, this.#end);
    const needed = held.length + length;
    // Doubled, so that a packet that comes byte by byte is not copied for each of them.
    const buffer = new Uint8Array(Math.max(needed * 2, 1024));
    buffer.set(held);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = held.length;
  }
}
