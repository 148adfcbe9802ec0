/**
 * One WebSocket after the other: makes a connection, and another one whenever it is lost and may come back.
 *
 *      CONNECTING ── open ──► OPEN
 *        ▲   └──── lost ────┐  │ lost
 *        │ the delay is over▼  ▼
 *        └──────────────── WAITING          lost = closed, refused, dropped, or not open in time
 *
 *      any ── close(), or lost with a code that says "do not come back" ──► CLOSED ── connect() ──► CONNECTING
 *
 * comeback.js decides when it comes back and when it stays away. It knows texts, not messages.
 *
 * A page cannot see the HTTP status of a refused handshake: a 401 looks like a server that is down, code 1006. So it asks
 * over HTTP while it waits. A server that does not answer is met with more and more patient attempts, for ever.
 */

/** @import { Clock } from "./clock.js" */
/** @import { Fetch } from "./session_question.js" */
import { CloseCode } from "./codes.js";
import { Comeback } from "./comeback.js";
import { watchConnectError } from "./connect_error.js";
import { SessionQuestion } from "./session_question.js";

/** State of a client's connection. */
export const State = Object.freeze({
  CONNECTING: "connecting",
  OPEN: "open",
  /** Open, but nothing comes: only `RTClient` knows. */
  SILENT: "silent",
  WAITING: "waiting",
  CLOSED: "closed",
});

/**
 * @typedef {object} SocketOwner
 * @property {(state: string, delayMs: number) => void} onState the new state; for WAITING, how long it lasts
 * @property {(text: string) => void} onText
 * @property {(code: number, reason: string, isFinal: boolean) => void} onClose after `onState`; final: state CLOSED
 */

export class ReconnectingSocket {
  #url;
  #WebSocket;
  #clock;
  #owner;
  #connectTimeoutMs;
  #comeback;
  /** @type {SessionQuestion | null} */
  #question = null;
  /** @type {string} */
  #state = State.CLOSED;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {any} The one timer: the connection's deadline while CONNECTING, the next attempt while WAITING. */
  #timer = null;
  /** Moment of the timer. */
  #dueAt = 0;

  /**
   * Does nothing until `connect`.
   * @param {object} options
   * @param {string} options.url
   * @param {typeof WebSocket} options.WebSocket
   * @param {Clock} options.clock
   * @param {() => number} options.random
   * @param {number} [options.connectTimeoutMs]
   * @param {{url: string, isOwn: boolean, fetch: Fetch} | null} [options.session] how to ask why an attempt was refused
   * @param {SocketOwner} owner
   */
  constructor({ url, WebSocket, clock, random, connectTimeoutMs = 15_000, session = null }, owner) {
    this.#url = url;
    this.#WebSocket = WebSocket;
    this.#clock = clock;
    this.#owner = owner;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#comeback = new Comeback(random, session !== null);
    if (session !== null) this.#question = new SessionQuestion({ ...session, clock }, (answer) => this.#onAnswer(answer));
  }

  get state() {
    return this.#state;
  }

  /** Connect now, without waiting any longer. Nothing happens where a connection is there or on its way. */
  connect() {
    if (this.#state === State.OPEN || this.#state === State.CONNECTING) return;
    this.#comeback.onAttempt(this.#clock.now());
    const socket = new this.#WebSocket(this.#url);
    socket.onopen = () => this.#onOpen();
    socket.onmessage = ({ data }) => typeof data === "string" && this.#owner.onText(data);
    socket.onclose = ({ code, reason }) => this.#onLost(code, reason, this.#state === State.CONNECTING);
    watchConnectError(socket, (reason) => socket === this.#socket && this.#onLost(CloseCode.ABNORMAL, reason, true));
    this.#socket = socket;
    this.#wait(() => this.drop("not open in time"), this.#connectTimeoutMs);
    this.#enter(State.CONNECTING);
  }

  /**
   * @param {string} text
   * @returns {boolean} whether it was handed to an open connection
   */
  send(text) {
    if (this.#socket === null || this.#state !== State.OPEN) return false;
    this.#socket.send(text);
    return true;
  }

  /**
   * Close for good: only `connect` brings it back.
   * @param {number} [code] 1000, or 3000 to 4999
   * @param {string} [reason]
   */
  close(code = CloseCode.NORMAL, reason = "") {
    if (this.#state === State.CLOSED) return;
    this.#detach()?.close(code, reason);
    this.#comeback.forget();
    this.#end(code, reason);
  }

  /**
   * Stay away: the page may not connect to this address, and never will. The browser would say 1006 for ever.
   * @param {string} reason
   */
  forbid(reason) {
    if (this.#state === State.CLOSED || this.#state === State.OPEN) return;
    this.#detach()?.close();
    this.#comeback.forget();
    this.#end(CloseCode.POLICY_VIOLATION, reason);
  }

  /**
   * Give this connection up as dead and come back by the rules.
   * @param {string} reason
   */
  drop(reason) {
    // A dead connection answers no close handshake, which a browser may await for a minute: nobody listens any more.
    this.#detach()?.close();
    this.#onLost(CloseCode.ABNORMAL, reason, false);
  }

  /**
   * There is a sign that the network is there again: do not wait as long as it would take by the rules. An attempt that
   * hangs makes way for a new one. Nothing happens where there is a connection, or none is wanted.
   */
  hurry() {
    if (this.#state !== State.CONNECTING && this.#state !== State.WAITING) return;
    const now = this.#clock.now();
    const delayMs = this.#comeback.hurry(now);
    if (this.#state === State.CONNECTING) {
      if (this.#comeback.isStuck(now)) this.drop("not open in time");
    } else if (delayMs !== null && now + delayMs < this.#dueAt) {
      this.#wait(() => this.connect(), delayMs);
      this.#enter(State.WAITING, delayMs);
    }
  }

  /**
   * The next loss is followed by this delay instead of the backoff's: the server wants to spread its clients.
   * @param {number} delayMs
   */
  comeBackAfter(delayMs) {
    this.#comeback.wish(delayMs);
  }

  #onOpen() {
    this.#stopTimer();
    this.#question?.cancel();
    this.#comeback.onOpen(this.#clock.now());
    this.#enter(State.OPEN);
  }

  /**
   * @param {number} code
   * @param {string} reason
   * @param {boolean} isRefusal
   */
  #onLost(code, reason, isRefusal) {
    this.#detach();
    const verdict = this.#comeback.afterLoss({ code, reason, isRefusal }, this.#clock.now());
    if (verdict.delayMs === null) return this.#end(verdict.code, verdict.reason);
    this.#wait(() => this.connect(), verdict.delayMs);
    this.#enter(State.WAITING, verdict.delayMs);
    if (this.#state === State.CLOSED) return undefined; // by a listener: that was the end
    if (verdict.asks) this.#question?.ask();
    return this.#owner.onClose(code, reason, false);
  }

  /** @param {string} session what was answered. An attempt that is under way may be one with a new cookie. */
  #onAnswer(session) {
    const verdict = this.#state === State.WAITING ? this.#comeback.afterAnswer(session) : null;
    if (verdict !== null) this.#end(verdict.code, verdict.reason);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    this.#stopTimer();
    this.#question?.cancel();
    this.#enter(State.CLOSED);
    this.#owner.onClose(code, reason, true);
  }

  /** Stop listening to the socket: what it still brings belongs to a connection that is over. */
  #detach() {
    const socket = this.#socket;
    if (socket !== null) socket.onopen = socket.onmessage = socket.onclose = null;
    this.#socket = null;
    return socket;
  }

  /**
   * @param {string} state
   * @param {number} [delayMs]
   */
  #enter(state, delayMs = 0) {
    this.#state = state;
    this.#owner.onState(state, delayMs);
  }

  /**
   * @param {() => void} run
   * @param {number} delayMs
   */
  #wait(run, delayMs) {
    this.#stopTimer();
    this.#dueAt = this.#clock.now() + delayMs;
    this.#timer = this.#clock.setTimeout(run, delayMs);
  }

  #stopTimer() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
