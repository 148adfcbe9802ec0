/**
 * A compressed body inflated by the browser's own means, with a bound on what comes out of it.
 *
 * Peers pad: what follows the zlib stream, up to the packet's size, may be zeros (TCE protocol, section 1.1). Browsers
 * refuse bytes behind the stream, so such a body is tried again without its zeros.
 */

import { PacketError, TooLongError } from "./error.js";

/** A stream's own last bytes can be zeros, too: four of its checksum, and one of an end mark before it. */
const MAX_OWN_ZEROS = 5;

/**
 * @param {Uint8Array} bytes a zlib stream, and zeros
 * @param {number} maxBytes
 * @param {typeof DecompressionStream | undefined} Stream the environment's; undefined where there is none
 * @returns {Promise<Uint8Array>} rejected with PacketError: not zlib, or cut off; with TooLongError: more than `maxBytes`
 */
export async function inflate(bytes, maxBytes, Stream) {
  if (Stream === undefined) throw new PacketError("compressed packets cannot be read here");
  for (const candidate of [bytes, ...withoutPadding(bytes)]) {
    const inflated = await inflateExactly(candidate, maxBytes, new Stream("deflate"));
    if (inflated !== null) return inflated;
  }
  throw new PacketError("the compressed body cannot be inflated");
}

/** @param {Uint8Array} bytes */
function withoutPadding(bytes) {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  const candidates = [];
  for (let zeros = 0; zeros <= MAX_OWN_ZEROS && end + zeros < bytes.length; zeros += 1) {
    candidates.push(bytes.subarray(0, end + zeros));
  }
  return candidates;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} maxBytes
 * @param {DecompressionStream} stream
 * @returns {Promise<Uint8Array | null>} null: these bytes are no complete stream
 */
async function inflateExactly(bytes, maxBytes, stream) {
  const writer = stream.writable.getWriter();
  // What is wrong with the bytes is seen by the reader; here it would be an error that nobody catches.
  writer.write(/** @type {BufferSource} */ (bytes)).catch(() => {});
  writer.close().catch(() => {});
  const reader = stream.readable.getReader();
  /** @type {Uint8Array[]} */
  const chunks = [];
  let length = 0;
  for (;;) {
    const chunk = await reader.read().catch(() => null);
    if (chunk === null) return null;
    if (chunk.done) return joined(chunks, length);
    chunks.push(chunk.value);
    length += chunk.value.length;
    if (length > maxBytes) {
      reader.cancel().catch(() => {});
      throw new TooLongError(`a compressed body of more than ${maxBytes} bytes`, joined(chunks, length));
    }
  }
}

/**
 * @param {Uint8Array[]} chunks
 * @param {number} length of all together
 */
function joined(chunks, length) {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
