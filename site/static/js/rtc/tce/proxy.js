/**
 * The base of generated proxies. What it has of its own starts with `$`, which no name of the IDL can; `conn` is the
 * one exception, because the original's users know it.
 */

/** @import { CallOptions, OneWayOptions } from "./call_options.js" */
/** @import { ConnectionOptions } from "./connection.js" */
/** @import { RpcException } from "./error.js" */
/** @import { ExtraInput } from "./message.js" */
/** @import { Operation } from "./operation.js" */
import { oneWayOptions } from "./call_options.js";
import { RpcConnection } from "./connection.js";
import { CallType } from "./message.js";

/**
 * @template R
 * @template P the proxy
 * @typedef {((result: R, proxy: P, cookie: any) => void) | null} OnResult
 */
/**
 * @template P the proxy
 * @typedef {((proxy: P, cookie: any) => void) | null} OnDone
 */
/**
 * @template P the proxy
 * @typedef {((error: RpcException, proxy: P, cookie: any) => void) | null} OnError
 */

export class Proxy {
  /** @param {RpcConnection} conn */
  constructor(conn) {
    this.conn = conn;
  }

  /**
   * A proxy with a connection of its own, which is made at the first call.
   * @template {Proxy} P
   * @this {new (conn: RpcConnection) => P}
   * @param {string} uri
   * @param {ConnectionOptions} [options]
   * @returns {P}
   */
  static create(uri, options) {
    return new this(new RpcConnection(uri, options));
  }

  /**
   * A proxy on the connection of another one.
   * @template {Proxy} P
   * @this {new (conn: RpcConnection) => P}
   * @param {Proxy} proxy
   * @returns {P}
   */
  static createWithProxy(proxy) {
    return new this(proxy.conn);
  }

  /**
   * @template R
   * @param {Operation<R>} operation
   * @param {unknown[]} args
   * @param {CallOptions} [options]
   * @returns {Promise<R>}
   */
  $call(operation, args, options) {
    return this.conn.call(operation, args, options);
  }

  /**
   * With callbacks, as the original's users know it; arguments that are left out or null are none. Errors without an
   * `error` go to the connection's `report`, as do those of the callbacks themselves.
   * @param {Operation<any>} operation
   * @param {unknown[]} args
   * @param {OnResult<any, any> | OnDone<any>} [callback]
   * @param {OnError<any>} [error]
   * @param {ExtraInput | null} [props]
   * @param {any} [cookie]
   */
  $callAsync(operation, args, callback, error, props, cookie) {
    const succeed = (/** @type {any} */ result) => this.#succeed(operation, result, callback, cookie);
    const fail = (/** @type {RpcException} */ reason) => this.#fail(reason, error, cookie);
    const result = this.conn.call(operation, args, { extra: props ?? {} }, CallType.CALL | CallType.ASYNC);
    result.then(succeed, fail).catch(this.conn.report);
  }

  /**
   * @param {Operation<void>} operation
   * @param {unknown[]} args
   * @param {OneWayOptions<any> | OnError<any>} [optionsOrError] options, or `error` as in the original
   * @param {ExtraInput | null} [props] what travels beside the parameters, behind an `error`
   */
  $send(operation, args, optionsOrError, props) {
    const { error, extra } = oneWayOptions(optionsOrError, props);
    const sent = this.conn.send(operation, args, extra);
    sent.catch((reason) => this.#fail(reason, error, undefined)).catch(this.conn.report);
  }

  /**
   * @param {Operation<any>} operation
   * @param {any} result
   * @param {any} callback
   * @param {any} cookie
   */
  #succeed(operation, result, callback, cookie) {
    if (!callback) return;
    if (operation.isVoid) callback(this, cookie);
    else callback(result, this, cookie);
  }

  /**
   * @param {RpcException} reason
   * @param {OnError<any> | undefined} error
   * @param {any} cookie
   */
  #fail(reason, error, cookie) {
    if (error) error(reason, this, cookie);
    else this.conn.report(reason);
  }
}
