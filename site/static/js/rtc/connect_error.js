/**
 * The failure of a WebSocket that says so by `error` alone.
 *
 * Browsers fire `close` behind every `error`, with `readyState` CLOSED. The WebSocket of Node 20 fires nothing more for
 * a connection that could not be made, and stays CONNECTING. Node's libraries want somebody to listen, in any case.
 */

const CONNECTING = 0;

/**
 * @param {WebSocket} socket one that is just being connected
 * @param {(reason: string) => void} onFailed called where no `close` will come; whoever closes the socket may be told so
 *   again
 */
export function watchConnectError(socket, onFailed) {
  socket.onerror = (event) => {
    if (socket.readyState === CONNECTING) onFailed(/** @type {ErrorEvent} */ (event)?.message ?? "");
  };
}
