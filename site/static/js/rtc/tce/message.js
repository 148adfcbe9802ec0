/** The message inside a packet (TCE protocol, section 2): fixed fields, then `extra`, then values. */

import { ByteReader } from "./byte_reader.js";
import { ByteWriter } from "./byte_writer.js";
import { entriesOf } from "./entries.js";
import { fitting } from "./error.js";
import { decodeText, encodeText } from "./utf8.js";

/** The bits of `calltype`. */
export const CallType = Object.freeze({ CALL: 0x01, RETURN: 0x02, TWOWAY: 0x10, ONEWAY: 0x20, ASYNC: 0x40 });

const MSGTYPE_RPC = 1;
/** Where the count of the extra values stands, behind everything that has a fixed place. */
const EXTRA_AT = 17;

/** @typedef {{[key: string]: string}} Extra What travels beside the parameters; without a prototype. */
/** @typedef {{[key: string]: unknown}} ExtraInput Values that are no strings are sent as `String` makes them. */
/** @typedef {[key: Uint8Array, value: Uint8Array][]} ExtraBytes */
/**
 * @typedef {object} RpcMessage
 * @property {number} sequence
 * @property {number} calltype
 * @property {number} ifidx
 * @property {number} opidx
 * @property {number} errcode
 * @property {number} paramsize the number of parameters; some peers always send 0
 * @property {number} callId
 * @property {ExtraBytes} extraBytes as they came, so that an answer can return what is not even UTF-8
 * @property {Uint8Array} params one value after the other
 */

/**
 * @param {RpcMessage} message
 * @returns {Uint8Array} the body of a packet
 */
export function encodeMessage(message) {
  const writer = new ByteWriter();
  writer.byte(MSGTYPE_RPC);
  writer.unsignedInt(message.sequence);
  writer.byte(message.calltype);
  writer.unsignedShort(message.ifidx);
  writer.unsignedShort(message.opidx);
  writer.unsignedInt(message.errcode);
  writer.byte(message.paramsize);
  writer.unsignedShort(message.callId);
  writer.unsignedInt(message.extraBytes.length);
  for (const [key, value] of message.extraBytes) {
    writer.bytes(key);
    writer.bytes(value);
  }
  writer.raw(message.params);
  return writer.toBytes();
}

/**
 * @param {Uint8Array} body of a packet
 * @returns {RpcMessage} the type byte, which no receiver checks, is passed over
 * @throws {import("./error.js").DecodeError}
 */
export function decodeMessage(body) {
  const reader = new ByteReader(body);
  reader.byte();
  return {
    sequence: reader.unsignedInt(),
    calltype: reader.byte(),
    ifidx: reader.unsignedShort(),
    opidx: reader.unsignedShort(),
    errcode: reader.unsignedInt(),
    paramsize: reader.byte(),
    callId: reader.unsignedShort(),
    extraBytes: Array.from({ length: reader.count(8) }, () => [reader.bytes(), reader.bytes()]),
    params: reader.rest(),
  };
}

/**
 * @param {Uint8Array} start of a body
 * @returns {RpcMessage} without extra values and parameters
 * @throws {import("./error.js").DecodeError}
 */
export function decodeStart(start) {
  const fields = new Uint8Array(start.length < EXTRA_AT ? 0 : EXTRA_AT + 4);
  fields.set(start.subarray(0, Math.min(fields.length, EXTRA_AT)));
  return decodeMessage(fields);
}

/**
 * @param {ExtraInput} extra a Map will do, too
 * @returns {ExtraBytes}
 * @throws {import("./error.js").RpcException} RPCERROR_DATADIRTY
 */
export function encodeExtra(extra) {
  return fitting("extra values", () =>
    entriesOf(extra).map(([key, value]) => [encodeText(String(key)), encodeText(String(value))]),
  );
}

/**
 * @param {ExtraBytes} extraBytes
 * @returns {Extra} of a key that comes twice the last value
 */
export function decodeExtra(extraBytes) {
  /** @type {Extra} */
  const extra = Object.create(null);
  for (const [key, value] of extraBytes) extra[decodeText(key)] = decodeText(value);
  return extra;
}
