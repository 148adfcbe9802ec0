// Made by `make codes` from rtserver/base/wire/close_code.py; a test compares the two.

/** The close codes that rtserver knows by name. */
export const CloseCode = Object.freeze({
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED_DATA: 1003,
  NO_STATUS: 1005,
  ABNORMAL: 1006,
  INVALID_TEXT: 1007,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  MANDATORY_EXTENSION: 1010,
  INTERNAL_ERROR: 1011,
  NOT_LOGGED_IN: 4001,
  KICKED: 4003,
  SESSION_CLOSED: 4009,
  DRAINING: 4101,
  TOO_SLOW: 4108,
  TOO_MANY: 4129,
});

/**
 * Whether a client that was closed with `code` should come back by itself, with backoff.
 * @param {number} code
 * @returns {boolean}
 */
export function mayReconnect(code) {
  return !(code === CloseCode.NORMAL || (code >= 4000 && code <= 4099));
}

/**
 * Whether a client with a cookie tries once more after `code`: the site may have renewed the key.
 * @param {number} code
 * @returns {boolean}
 */
export function mayTryOnce(code) {
  return code === CloseCode.SESSION_CLOSED;
}
