/** TCE for browsers and Node: what generated modules and their users import. The rest are its parts, in tce/. */

/**
 * @template T what is read
 * @template [Input=T] what may be written
 * @typedef {import("./tce/type.js").Type<T, Input>} Type
 */
/**
 * @template K
 * @template V
 * @typedef {import("./tce/type.js").Entries<K, V>} Entries
 */
/** @typedef {import("./tce/call_options.js").CallOptions} CallOptions */
/** @typedef {import("./tce/connection.js").ConnectionOptions} ConnectionOptions */
/** @typedef {import("./tce/message.js").ExtraInput} ExtraInput */
/**
 * @template R
 * @template P the proxy
 * @typedef {import("./tce/proxy.js").OnResult<R, P>} OnResult
 */
/**
 * @template P the proxy
 * @typedef {import("./tce/proxy.js").OnDone<P>} OnDone
 */
/**
 * @template P the proxy
 * @typedef {import("./tce/proxy.js").OnError<P>} OnError
 */
/**
 * @template P the proxy
 * @typedef {import("./tce/call_options.js").OneWayOptions<P>} OneWayOptions
 */

export { ByteReader } from "./tce/byte_reader.js";
export { ByteWriter } from "./tce/byte_writer.js";
export { RpcConnection } from "./tce/connection.js";
export { RpcContext } from "./tce/context.js";
export { DecodeError, PacketError, RpcConsts, RpcException } from "./tce/error.js";
export { Operation } from "./tce/operation.js";
export { Proxy } from "./tce/proxy.js";
export { RpcAdapter, Servant } from "./tce/servant.js";
export * from "./tce/type.js";
