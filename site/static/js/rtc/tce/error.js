/** What goes wrong in a remote call: one class, and the numbers that all implementations share. */

/** TCE protocol, section 2.7. Only 4, 5, 6 and 8 travel; the rest is what a caller sees of its own side. */
export const RpcConsts = Object.freeze({
  RPCERROR_SUCC: 0,
  RPCERROR_SENDFAILED: 1,
  RPCERROR_TIMEOUT: 2,
  RPCERROR_DATADIRTY: 3,
  RPCERROR_INTERFACE_NOTFOUND: 4,
  RPCERROR_UNSERIALIZE_FAILED: 5,
  RPCERROR_REMOTEMETHOD_EXCEPTION: 6,
  RPCERROR_DATA_INSUFFICIENT: 7,
  RPCERROR_REMOTE_EXCEPTION: 8,
  RPCERROR_CONNECT_UNREACHABLE: 101,
  RPCERROR_CONNECT_FAILED: 102,
  RPCERROR_CONNECT_REJECT: 103,
  RPCERROR_CONNECTION_LOST: 104,
  RPCERROR_INTERNAL_EXCEPTION: 105,
});

/** @type {Map<number, string>} */
const NAMES = new Map(Object.entries(RpcConsts).map(([name, errcode]) => [errcode, name]));

export class RpcException extends Error {
  /** A field, because an assignment fails where a page has frozen Error.prototype. */
  name = "RpcException";

  /**
   * @param {number} errcode one of `RpcConsts`, or what a peer made up
   * @param {string} [message] for a person to read
   */
  constructor(errcode, message = "") {
    super(message);
    this.errcode = errcode;
    this.name = NAMES.get(errcode) ?? `RPCERROR_${errcode}`;
  }

  /** @returns {string} the error's name and, where there is one, the message */
  what() {
    const name = NAMES.get(this.errcode) ?? "Undefined Error";
    return this.message ? `${name}: ${this.message}` : name;
  }
}

/** A body, parameters or a result that are not what the IDL says. The connection can go on. */
export class DecodeError extends RpcException {
  /** @param {string} message */
  constructor(message) {
    super(RpcConsts.RPCERROR_UNSERIALIZE_FAILED, message);
  }
}

/** Bytes after which nothing on this connection can be trusted: it has to be closed. */
export class PacketError extends RpcException {
  /** @param {string} message */
  constructor(message) {
    super(RpcConsts.RPCERROR_DATADIRTY, message);
  }
}

/** A compressed body that holds more than a packet may. Its call fails; the connection can go on. */
export class TooLongError extends RpcException {
  /**
   * @param {string} message
   * @param {Uint8Array} start of the body
   */
  constructor(message, start) {
    super(RpcConsts.RPCERROR_UNSERIALIZE_FAILED, message);
    this.start = start;
  }
}

/**
 * Give what `write` gives. What it cannot write because a value does not fit is the caller's mistake.
 * @template T
 * @param {string} what is written, for the message
 * @param {() => T} write
 * @returns {T}
 * @throws {RpcException} RPCERROR_DATADIRTY
 */
export function fitting(what, write) {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof RangeError)) throw error;
    throw new RpcException(RpcConsts.RPCERROR_DATADIRTY, `${what}: ${error.message}`);
  }
}
