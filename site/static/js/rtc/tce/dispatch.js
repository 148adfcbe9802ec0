/**
 * From a call to its answer, by the servants of an adapter.
 *
 * Decides what the caller is told when something goes wrong (TCE protocol, section 7: 9 to 16): a number, never a text
 * of ours. It knows no connection.
 */

/** @import { ExtraBytes, RpcMessage } from "./message.js" */
/** @import { RpcAdapter, Target } from "./servant.js" */
import { RpcConsts } from "./error.js";
import { CallType } from "./message.js";
import { decodeText } from "./utf8.js";

/**
 * @param {RpcMessage} call
 * @param {RpcAdapter | null} adapter
 * @param {unknown} context for the servant
 * @param {(error: unknown) => void} report gets what went wrong here
 * @returns {Promise<RpcMessage | null>} null: a one-way call, which is never answered
 */
export async function answer(call, adapter, context, report) {
  const target = adapter?.find(call);
  const outcome =
    target === undefined ? failed(RpcConsts.RPCERROR_INTERFACE_NOTFOUND) : await invoke(target, call, context, report);
  return call.calltype & CallType.ONEWAY ? null : { ...header(call), ...outcome };
}

/**
 * The answer to a call that fails.
 * @param {RpcMessage} call
 * @param {number} errcode
 * @returns {RpcMessage}
 */
export function errorAnswer(call, errcode) {
  return { ...header(call), ...failed(errcode) };
}

/**
 * @param {Target} target
 * @param {RpcMessage} call
 * @param {unknown} context
 * @param {(error: unknown) => void} report
 */
async function invoke({ servant, operation }, call, context, report) {
  let args;
  try {
    args = operation.readParams(call.params);
  } catch (error) {
    report(error);
    return failed(RpcConsts.RPCERROR_UNSERIALIZE_FAILED);
  }
  try {
    const method = /** @type {any} */ (servant)[operation.method];
    const result = await method.call(servant, ...args, context);
    return { errcode: 0, paramsize: operation.isVoid ? 0 : 1, params: operation.writeResult(result) };
  } catch (error) {
    report(error);
    return failed(RpcConsts.RPCERROR_REMOTEMETHOD_EXCEPTION);
  }
}

/** @param {number} errcode */
function failed(errcode) {
  return { errcode, paramsize: 0, params: new Uint8Array() };
}

/**
 * What a gateway needs in order to find the way back to the caller.
 * @param {RpcMessage} call
 */
function header({ sequence, ifidx, callId, extraBytes }) {
  return { sequence, calltype: CallType.RETURN, ifidx, opidx: 0, callId, extraBytes: withoutToken(extraBytes) };
}

/** @param {ExtraBytes} extraBytes */
function withoutToken(extraBytes) {
  return extraBytes.filter(([key]) => decodeText(key) !== "__token__");
}
