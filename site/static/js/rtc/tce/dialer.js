/**
 * One link after the other: made when something is to be sent, and by itself where something is to be received.
 *
 *      CLOSED ── connect(), send() ──► CONNECTING ── open ──► OPEN
 *        ▲                             ▲        │ lost         │ lost
 *        ├──── without `reconnect` ────┼────────┴──────┬───────┘
 *        │                             │ the delay is over, or connect(), send()
 *        └── close(), from everywhere  └── WAITING ◄───┘ with `reconnect`, unless comeback.js says "stay away"
 *
 * Decides when to connect, and keeps what is sent meanwhile. It knows bodies, not messages.
 */

/** @import { Clock } from "../clock.js" */
import { CloseCode } from "../codes.js";
import { Comeback } from "../comeback.js";
import { State } from "../reconnecting_socket.js";
import { RpcConsts, RpcException } from "./error.js";
import { Link } from "./link.js";

/** @typedef {{body: Uint8Array, onSent: () => void, onFailed: (error: RpcException) => void}} Outgoing */
/**
 * @typedef {object} DialerOptions
 * @property {string} uri
 * @property {typeof WebSocket} WebSocket
 * @property {Clock} clock
 * @property {() => number} random
 * @property {typeof DecompressionStream | undefined} DecompressionStream
 * @property {boolean} reconnect
 * @property {number} connectTimeout seconds
 * @property {number} maxPacketBytes
 */
/**
 * @typedef {object} DialerOwner
 * @property {() => void} onHeard something has come
 * @property {(body: Uint8Array, link: Link) => void} onBody
 * @property {(error: import("./error.js").TooLongError, link: Link) => void} onTooLong
 * @property {(error: RpcException) => void} onLost what waits for an answer ends with this error
 * @property {(state: string) => void} onState
 * @property {(code: number, reason: string) => void} onClose a connection, or the attempt at one, is over; last of all
 */

export class Dialer {
  #options;
  #owner;
  #comeback;
  /** @type {string} */
  #state = State.CLOSED;
  /** @type {Link | null} */
  #link = null;
  /** @type {any} The one timer: the connection's deadline while CONNECTING, the next attempt while WAITING. */
  #timer = null;
  /** @type {Outgoing[]} What waits for the connection that is being made. */
  #outbox = [];

  /**
   * Does nothing until `connect` or `send`.
   * @param {DialerOptions} options
   * @param {DialerOwner} owner
   */
  constructor(options, owner) {
    this.#options = options;
    this.#owner = owner;
    this.#comeback = new Comeback(options.random);
  }

  get state() {
    return this.#state;
  }

  /**
   * Connect now, without waiting any longer. Nothing happens where a connection is there or on its way.
   * @throws {RpcException} there cannot be one, as with an address that is none
   */
  connect() {
    if (this.#state === State.OPEN || this.#state === State.CONNECTING) return;
    this.#link = this.#newLink();
    this.#wait(() => this.#giveUp(), this.#options.connectTimeout * 1000);
    this.#enter(State.CONNECTING);
  }

  /**
   * @param {Uint8Array} body
   * @returns {Promise<void>} fulfilled when it is on its way; rejected if there is no connection to be had
   */
  send(body) {
    return new Promise((onSent, onFailed) => {
      this.connect();
      this.#outbox.push({ body, onSent, onFailed });
      if (this.#state === State.OPEN) this.#flush();
    });
  }

  /** Hang up, and come back only when asked to. */
  close() {
    if (this.#state === State.CLOSED) return;
    this.#link?.close();
    this.#onLost(CloseCode.NORMAL, "closed by this side", false);
  }

  /**
   * Give the connection up as dead.
   * @param {string} reason
   */
  drop(reason) {
    this.#link?.drop(reason);
  }

  #giveUp() {
    this.#link?.close();
    this.#onLost(CloseCode.ABNORMAL, "not open in time", false);
  }

  #newLink() {
    const { uri, WebSocket, maxPacketBytes, DecompressionStream } = this.#options;
    try {
      const socket = new WebSocket(uri);
      /** @type {Link} */
      const link = new Link(socket, { maxPacketBytes, DecompressionStream }, {
        onOpen: () => this.#onOpen(),
        onHeard: this.#owner.onHeard,
        onBody: (body) => this.#owner.onBody(body, link),
        onTooLong: (error) => this.#owner.onTooLong(error, link),
        onLost: (code, reason) => this.#onLost(code, reason, this.#state === State.CONNECTING),
      });
      return link;
    } catch (error) {
      throw new RpcException(RpcConsts.RPCERROR_CONNECT_FAILED, String(error));
    }
  }

  #onOpen() {
    this.#stopTimer();
    this.#comeback.onOpen(this.#options.clock.now());
    this.#flush();
    this.#enter(State.OPEN);
  }

  #flush() {
    for (const { body, onSent, onFailed } of this.#takeOutbox()) {
      try {
        this.#link?.send(body);
        onSent();
      } catch (error) {
        onFailed(new RpcException(RpcConsts.RPCERROR_SENDFAILED, String(error)));
      }
    }
  }

  /**
   * @param {number} code
   * @param {string} reason
   * @param {boolean} isRefusal
   */
  #onLost(code, reason, isRefusal) {
    const { RPCERROR_CONNECTION_LOST, RPCERROR_CONNECT_FAILED } = RpcConsts;
    const errcode = this.#state === State.OPEN ? RPCERROR_CONNECTION_LOST : RPCERROR_CONNECT_FAILED;
    const error = new RpcException(errcode, reason || `code ${code}`);
    this.#link = null;
    this.#stopTimer();
    // What waits ends before anybody is told: whoever is told may call again, and that call is a new one.
    for (const { onFailed } of this.#takeOutbox()) onFailed(error);
    this.#owner.onLost(error);
    const verdict = this.#verdict({ code, reason, isRefusal });
    if (verdict.delayMs === null) this.#enter(State.CLOSED);
    else this.#comeBackAfter(verdict.delayMs);
    this.#owner.onClose(verdict.code, verdict.reason);
  }

  /**
   * @param {{code: number, reason: string, isRefusal: boolean}} loss
   * @returns {import("../comeback.js").Verdict}
   */
  #verdict(loss) {
    if (!this.#options.reconnect) return { delayMs: null, code: loss.code, reason: loss.reason };
    return this.#comeback.afterLoss(loss, this.#options.clock.now());
  }

  /** @param {number} delayMs */
  #comeBackAfter(delayMs) {
    this.#wait(() => this.connect(), delayMs);
    this.#enter(State.WAITING);
  }

  #takeOutbox() {
    const outbox = this.#outbox;
    this.#outbox = [];
    return outbox;
  }

  /** @param {string} state */
  #enter(state) {
    this.#state = state;
    this.#owner.onState(state);
  }

  /**
   * @param {() => void} run
   * @param {number} delayMs
   */
  #wait(run, delayMs) {
    this.#stopTimer();
    this.#timer = this.#options.clock.setTimeout(run, delayMs);
  }

  #stopTimer() {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
