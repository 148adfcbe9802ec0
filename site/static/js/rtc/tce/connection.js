/**
 * Calls in both directions with one server.
 *
 * Decides what a message means and how a call ends. Connections are made by dialer.js, answers by dispatch.js.
 */

/** @import { Clock } from "../clock.js" */
/** @import { CallOptions } from "./call_options.js" */
/** @import { TooLongError } from "./error.js" */
/** @import { Link } from "./link.js" */
/** @import { ExtraInput, RpcMessage } from "./message.js" */
/** @import { Operation } from "./operation.js" */
/** @import { RpcAdapter } from "./servant.js" */
import { browserClock } from "../clock.js";
import { Emitter } from "../emitter.js";
import { State } from "../reconnecting_socket.js";
import { callOptions, DEFAULT_TIMEOUT, seconds } from "./call_options.js";
import { CallTable } from "./call_table.js";
import { RpcContext } from "./context.js";
import { Dialer } from "./dialer.js";
import { answer, errorAnswer } from "./dispatch.js";
import { DecodeError, RpcConsts, RpcException } from "./error.js";
import { Liveness } from "./liveness.js";
import { CallType, decodeMessage, decodeStart, encodeExtra, encodeMessage } from "./message.js";
import { fitsPacket, MAX_PACKET_BYTES } from "./packet.js";

/**
 * @typedef {object} ConnectionOptions What can be chosen, and everything from the environment.
 * @property {number | null} [timeout] seconds that a call waits for its answer; 30 by default, and for 0 or null
 * @property {boolean} [reconnect] come back after a loss without a call, in order to receive
 * @property {number | null} [connectTimeout] seconds; 15 by default, and for 0 or null
 * @property {number} [maxPacketBytes] of a packet, as it comes and inflated
 * @property {(error: unknown) => void} [report] gets errors that nobody waits for, such as those of servants
 * @property {typeof WebSocket} [WebSocket]
 * @property {Clock} [clock]
 * @property {() => number} [random]
 * @property {typeof DecompressionStream} [DecompressionStream]
 */
const DEFAULT_CONNECT_TIMEOUT = 15;
/** The field has one byte, and nobody looks at it. */
const MAX_PARAMSIZE = 0xff;
/** The last interface that all languages can name: nobody is likely to serve it. */
const QUESTION = Object.freeze({ ifidx: 0x7fff, opidx: 0, errcode: 0, paramsize: 0, callId: 0 });

export class RpcConnection {
  #timeout;
  #maxPacketBytes;
  #dialer;
  #calls;
  #liveness;
  #events;
  /** @type {RpcAdapter | null} */
  #adapter = null;
  /** @type {{__token__?: string, __device_id__?: string}} */
  #credentials = {};
  #areCredentialsDue = false;

  /**
   * Does nothing until the first call, or `connect`.
   * @param {string} uri ws:// or wss://
   * @param {ConnectionOptions} [options]
   */
  constructor(uri, options = {}) {
    const {
      timeout,
      reconnect = false,
      maxPacketBytes = MAX_PACKET_BYTES,
      report = (error) => console.error(error),
      WebSocket = globalThis.WebSocket,
      clock = browserClock,
      random = Math.random,
      DecompressionStream = globalThis.DecompressionStream,
    } = options;
    this.report = report;
    this.#timeout = seconds(timeout) ?? DEFAULT_TIMEOUT;
    this.#maxPacketBytes = maxPacketBytes;
    this.#calls = new CallTable(clock);
    this.#liveness = new Liveness(clock, () => this.#ask(), () => this.#dialer.drop("the server has been silent"));
    this.#events = new Emitter(report);
    const connectTimeout = seconds(options.connectTimeout) ?? DEFAULT_CONNECT_TIMEOUT;
    const needs = { uri, WebSocket, clock, random, DecompressionStream, reconnect, connectTimeout, maxPacketBytes };
    this.#dialer = new Dialer(needs, {
      onHeard: () => (this.#liveness.heard += 1),
      onBody: (body, link) => this.#onBody(body, link),
      onTooLong: (error, link) => this.#onTooLong(error, link),
      onLost: (error) => this.#calls.failAll(error),
      onState: (state) => this.#onState(state),
      onClose: (code, reason) => this.#events.emit("close", { code, reason }),
    });
  }

  /** "connecting", "open", "waiting" (for the next attempt) or "closed" (until the next call). */
  get state() {
    return this.#dialer.state;
  }

  /**
   * Listen: "state": `(state)`; "open": `()`; "close", each loss and each attempt that failed: `({code, reason})`.
   * @param {"state" | "open" | "close"} event
   * @param {import("../emitter.js").Listener} listener
   * @returns {() => void} ends it
   */
  on(event, listener) {
    return this.#events.on(event, listener);
  }

  /**
   * Say who this is: with the next packet, and with the first one of every new connection.
   * @param {string} token
   * @throws {RpcException} RPCERROR_DATADIRTY: UTF-8 cannot say it
   */
  setToken(token) {
    this.#greet({ __token__: token });
  }

  /**
   * Say which device this is, at the same time as the token.
   * @param {string} deviceId
   * @throws {RpcException} RPCERROR_DATADIRTY: UTF-8 cannot say it
   */
  setDeviceId(deviceId) {
    this.#greet({ __device_id__: deviceId });
  }

  /** @param {RpcAdapter} adapter its servants answer what the server calls */
  attachAdapter(adapter) {
    this.#adapter = adapter;
  }

  /** What the server calls from now on is answered with RPCERROR_INTERFACE_NOTFOUND. */
  detachAdapter() {
    this.#adapter = null;
  }

  /** Connect now, without waiting any longer. Nothing happens where a connection is there or on its way. */
  connect() {
    this.#dialer.connect();
  }

  /** Hang up; calls that wait end. The next call, or `connect`, makes a new connection. */
  close() {
    this.#dialer.close();
  }

  /**
   * @template R
   * @param {Operation<R>} operation
   * @param {unknown[]} args
   * @param {CallOptions | null} [options]
   * @param {number} [calltype] how the call is marked; servers make no difference
   * @returns {Promise<R>} rejected with RpcException
   */
  async call(operation, args, options, calltype = CallType.CALL) {
    const params = operation.writeParams(args);
    const { timeout = this.#timeout, extra } = callOptions(options);
    const sequence = this.#calls.nextSequence();
    const { heard } = this.#liveness;
    const result = this.#calls.add(sequence, operation, timeout, () => this.#onTimeout(heard));
    this.#sendCall(operation, params, { sequence, calltype, extra }).catch((error) =>
      this.#calls.fail(sequence, error),
    );
    return result;
  }

  /**
   * Call without an answer.
   * @param {Operation<void>} operation
   * @param {unknown[]} args
   * @param {ExtraInput} [extra]
   * @returns {Promise<void>} fulfilled when it is on its way; rejected with RpcException
   */
  async send(operation, args, extra) {
    const params = operation.writeParams(args);
    const calltype = CallType.CALL | CallType.ONEWAY;
    return this.#sendCall(operation, params, { sequence: this.#calls.nextSequence(), calltype, extra });
  }

  /**
   * @param {Operation} operation
   * @param {Uint8Array} params
   * @param {{sequence: number, calltype: number, extra?: ExtraInput}} call
   */
  async #sendCall({ ifidx, opidx, params: types }, params, { sequence, calltype, extra = {} }) {
    const own = encodeExtra(extra);
    // Before the credentials are asked for, because a new connection starts with them.
    this.#dialer.connect();
    const extraBytes = [...encodeExtra(this.#greeting(Object.keys(extra))), ...own];
    const paramsize = Math.min(types.length, MAX_PARAMSIZE);
    const numbers = { sequence, calltype, ifidx, opidx, errcode: 0, paramsize, callId: 0 };
    const body = encodeMessage({ ...numbers, extraBytes, params });
    if (!fitsPacket(body, this.#maxPacketBytes)) {
      throw new RpcException(RpcConsts.RPCERROR_SENDFAILED, `${body.length} bytes are more than a packet takes`);
    }
    this.#areCredentialsDue = false;
    return this.#dialer.send(body);
  }

  /** @param {number} heard how often something had come when the call was made */
  #onTimeout(heard) {
    if (this.state === State.OPEN) this.#liveness.onTimeout(heard, this.#calls.leftMs);
  }

  /** Call what nobody serves, of a server that may be there no more. */
  #ask() {
    const sequence = this.#calls.nextSequence();
    const nothing = { extraBytes: encodeExtra(this.#greeting()), params: new Uint8Array() };
    const body = encodeMessage({ ...QUESTION, sequence, calltype: CallType.CALL, ...nothing });
    this.#dialer.send(body).catch(() => {});
  }

  /** @param {{__token__?: string, __device_id__?: string}} credentials */
  #greet(credentials) {
    encodeExtra(credentials);
    this.#credentials = { ...this.#credentials, ...credentials };
    this.#areCredentialsDue = true;
  }

  /**
   * What the next packet has to say of who this is, unless the caller says it.
   * @param {string[]} [said]
   */
  #greeting(said = []) {
    const due = this.#areCredentialsDue ? Object.entries(this.#credentials) : [];
    return Object.fromEntries(due.filter(([key]) => !said.includes(key)));
  }

  /** @param {string} state */
  #onState(state) {
    if (state === State.CONNECTING) this.#areCredentialsDue = true;
    this.#liveness.reset();
    this.#events.emit("state", state);
    if (state === State.OPEN) this.#events.emit("open");
  }

  /**
   * @param {Uint8Array} body
   * @param {Link} link
   */
  #onBody(body, link) {
    try {
      const message = decodeMessage(body);
      if (message.calltype & CallType.CALL) this.#serve(message, link);
      else if (message.calltype & CallType.RETURN) this.#calls.settle(message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.report(error);
    }
  }

  /**
   * A message has come that is longer than is taken: its call fails, here or at the server.
   * @param {TooLongError} error
   * @param {Link} link
   */
  #onTooLong(error, link) {
    this.report(error);
    const message = decodeStart(error.start);
    if (!(message.calltype & CallType.CALL)) this.#calls.fail(message.sequence, error);
    else if (!(message.calltype & CallType.ONEWAY)) link.send(encodeMessage(errorAnswer(message, error.errcode)));
  }

  /**
   * @param {RpcMessage} call
   * @param {Link} link the answer goes where the call came from, or nowhere
   */
  async #serve(call, link) {
    const reply = await answer(call, this.#adapter, new RpcContext(this, call), this.report);
    if (reply === null || link.isOver) return;
    const extraBytes = [...encodeExtra(this.#greeting()), ...reply.extraBytes];
    const body = encodeMessage({ ...reply, extraBytes });
    if (fitsPacket(body, this.#maxPacketBytes)) {
      this.#areCredentialsDue = false;
      return link.send(body);
    }
    this.report(new RpcException(RpcConsts.RPCERROR_SENDFAILED, `a result of ${reply.params.length} bytes`));
    link.send(encodeMessage(errorAnswer(call, RpcConsts.RPCERROR_REMOTEMETHOD_EXCEPTION)));
  }
}
