/** What a servant's method learns about a call beside its parameters. */

/** @import { RpcConnection } from "./connection.js" */
/** @import { Extra, RpcMessage } from "./message.js" */
import { decodeExtra } from "./message.js";

export class RpcContext {
  /**
   * @param {RpcConnection} conn on which the call came; a proxy made of it calls back
   * @param {RpcMessage} call
   */
  constructor(conn, call) {
    this.conn = conn;
    /** @type {RpcMessage & {extra: Extra}} */
    this.msg = { ...call, extra: decodeExtra(call.extraBytes) };
  }
}
