/**
 * What a call is told beside its parameters, as users say it: how long it waits, and its extra values.
 *
 * Pages are not compiled: an object that has neither option is taken as the extra values, because programs written for
 * the original put them there. What cannot be meant is refused; nothing is left out in silence.
 */

/** @import { ExtraInput } from "./message.js" */
import { RpcConsts, RpcException } from "./error.js";

/** Seconds that a call waits for its answer, unless it is told. */
export const DEFAULT_TIMEOUT = 30;

/** @typedef {{timeout?: number | null, extra?: ExtraInput | null}} CallOptions `timeout` in seconds; Infinity for none. */
/**
 * @template P the proxy
 * @typedef {{extra?: ExtraInput | null, error?: import("./proxy.js").OnError<P>}} OneWayOptions
 */

/**
 * @param {CallOptions | null} [given] a number counts as the timeout
 * @returns {{timeout: number | undefined, extra: ExtraInput}} `timeout` undefined: the connection's own, as for 0
 * @throws {RpcException} RPCERROR_DATADIRTY
 */
export function callOptions(given) {
  const { timeout, extra } = typeof given === "number" ? { timeout: given } : named(given, ["timeout", "extra"]);
  return { timeout: seconds(timeout), extra: extra ?? {} };
}

/**
 * @param {OneWayOptions<any> | import("./proxy.js").OnError<any>} [given] a function counts as `error`
 * @param {ExtraInput | null} [props] behind an `error`, as in the original
 * @returns {{error: import("./proxy.js").OnError<any> | undefined, extra: ExtraInput}}
 * @throws {RpcException} RPCERROR_DATADIRTY
 */
export function oneWayOptions(given, props) {
  const { error, extra } = typeof given === "function" ? { error: given } : named(given, ["extra", "error"]);
  return { error, extra: extra ?? props ?? {} };
}

/**
 * A limit of time as everybody may set it: nothing, null and 0 are none.
 * @param {unknown} value
 * @returns {number | undefined}
 * @throws {RpcException} RPCERROR_DATADIRTY
 */
export function seconds(value) {
  if (value === undefined || value === null || value === 0) return undefined;
  if (typeof value !== "number" || Number.isNaN(value)) throw refusal(`a timeout is a number, not ${String(value)}`);
  return value;
}

/**
 * @param {any} given
 * @param {string[]} names of the options
 * @returns {any} the options that are there; of an object without any, `extra` is the object
 */
function named(given, names) {
  if (given === undefined || given === null) return {};
  if (typeof given !== "object" || Array.isArray(given)) throw refusal(`options are an object, not ${String(given)}`);
  const keys = Object.keys(given);
  const others = keys.filter((key) => !names.includes(key));
  if (others.length === 0) return given;
  if (others.length === keys.length) return { extra: given };
  throw refusal(`${others.join(", ")}: the options are ${names.join(" and ")}`);
}

/** @param {string} message */
function refusal(message) {
  return new RpcException(RpcConsts.RPCERROR_DATADIRTY, message);
}
