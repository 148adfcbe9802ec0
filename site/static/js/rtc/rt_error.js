/**
 * Failure between a page and the server: one class with a code.
 *
 * Codes from the server: bad_json, bad_message, unknown_type, bad_request, forbidden, rate_limited, internal,
 * or a word of a handler's own.
 * Codes of this library: timeout (no answer in time), disconnected (no connection, or it was lost before the answer),
 * bad_json (the server sent what is no message).
 */

/** @typedef {{code: string, message: string, type?: string | null}} ErrorData The data of an `error` message. */

export class RTError extends Error {
  /** A field, because an assignment fails where a page has frozen Error.prototype. */
  name = "RTError";

  /**
   * @param {string} code
   * @param {string} message for a person to read
   * @param {string | null} [type] the message type it is about, where there is one
   */
  constructor(code, message, type = null) {
    super(message);
    this.code = code;
    this.type = type;
  }

  /**
   * @param {ErrorData | null | undefined} data what an `error` message carries
   * @returns {RTError}
   */
  static fromData(data) {
    return new RTError(data?.code ?? "internal", data?.message ?? "an error without a word", data?.type);
  }
}
