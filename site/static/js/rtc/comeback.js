/**
 * The decision after each loss of a connection: stay away, or come back after how long. Starts no timer.
 *
 * A session that ended (`mayTryOnce`) may live on under a new key, as after a change of the own password: the browser has
 * the new cookie then. One more attempt finds out. If it is refused, the client is signed out and stays away.
 *
 * A refusal does not say why. Where the owner can ask (session_question.js), it does so after the second one in a row, so
 * that a server that restarts is not asked by everybody, and at once where a session has ended.
 */

import { Backoff } from "./backoff.js";
import { CloseCode, mayReconnect, mayTryOnce } from "./codes.js";
import { Session } from "./session_question.js";

/**
 * The pause before that attempt, at least, in milliseconds. A site saves a user before its answer brings the new cookie,
 * so the server may hear of the change before the browser does.
 */
const NEW_COOKIE_MS = 1000;
/** Within this time those come back whom a sign has told that the network is there: an office has many pages. */
const HURRY_MS = 500;
/** From one attempt to the next, at least, however many signs there are: the server may be refusing. */
const SPACE_MS = 1000;
/** An attempt that has had no answer for so long is given up for a new one when there is a sign. */
const STUCK_MS = 4000;
/** So many refusals in a row are worth a question. */
const REFUSALS = 2;

/**
 * @typedef {object} Verdict
 * @property {number | null} delayMs until the next attempt; null: stay away
 * @property {number} code why: of this loss, or that of the ended session whose one more attempt was refused
 * @property {string} reason
 * @property {boolean} [asks] whether to ask why, meanwhile
 */

export class Comeback {
  #random;
  #canAsk;
  #backoff;
  #refusals = 0;
  #hasBeenOpen = false;
  /** @type {Verdict | null} how the session ended, until an attempt after that was answered */
  #ended = null;
  /** @type {number | null} */
  #wishedDelayMs = null;
  #attemptedAt = -Infinity;
  /** True after a sign of the network since the last attempt began. */
  #isHurried = false;
  /** True while the present wait is the backoff's: one that the server or a new cookie asks for is not cut short. */
  #mayHurry = false;

  /**
   * @param {() => number} random from 0 up to, not including, 1
   * @param {boolean} [canAsk] whether the owner can find out why an attempt was refused
   */
  constructor(random, canAsk = false) {
    this.#random = random;
    this.#canAsk = canAsk;
    this.#backoff = new Backoff({ random });
  }

  /** @param {number} now when an attempt begins, in milliseconds */
  onAttempt(now) {
    this.#attemptedAt = now;
    this.#isHurried = false;
  }

  /** @param {number} now when the connection was made, in milliseconds */
  onOpen(now) {
    this.#ended = null;
    this.#refusals = 0;
    this.#hasBeenOpen = true;
    this.#isHurried = false;
    this.#backoff.onOpen(now);
  }

  /**
   * The next loss is followed by this delay instead of the backoff's: the server wants to spread its clients.
   * @param {number} delayMs
   */
  wish(delayMs) {
    this.#wishedDelayMs = delayMs;
  }

  /**
   * There is a sign that the network is there again. However many there are, they make one attempt.
   * @param {number} now in milliseconds
   * @returns {number | null} milliseconds until the next attempt, at most; null: the present wait goes on
   */
  hurry(now) {
    this.#isHurried = true;
    return this.#mayHurry ? this.#hurriedDelayMs(now) : null;
  }

  /** @param {number} now Whether the attempt under way is to be given up for a new one. */
  isStuck(now) {
    return now - this.#attemptedAt >= STUCK_MS;
  }

  /** The owner stays away: what was before does not count for a later connection. */
  forget() {
    this.#ended = null;
    this.#refusals = 0;
    this.#hasBeenOpen = false;
    this.#wishedDelayMs = null;
  }

  /**
   * @param {object} loss
   * @param {number} loss.code
   * @param {string} loss.reason
   * @param {boolean} loss.isRefusal an attempt was answered by no; one that was not answered in time is none
   * @param {number} now in milliseconds
   * @returns {Verdict}
   */
  afterLoss({ code, reason, isRefusal }, now) {
    const wishedDelayMs = this.#wishedDelayMs;
    this.#wishedDelayMs = null;
    this.#mayHurry = false;
    if (isRefusal) this.#refusals += 1;
    if (isRefusal && this.#ended !== null && !this.#canAsk) return this.#end(this.#ended.code, this.#ended.reason);
    if (mayTryOnce(code)) {
      this.#ended = { delayMs: null, code, reason };
      return { delayMs: this.#newCookieDelayMs(now), code, reason };
    }
    if (!mayReconnect(code)) return this.#end(code, reason);
    const asks = isRefusal && this.#canAsk && (this.#ended !== null || this.#refusals >= REFUSALS);
    return { delayMs: wishedDelayMs ?? this.#pacedDelayMs(now), code, reason, asks };
  }

  /**
   * Answer to the question why an attempt was refused, while the next attempt is waited for.
   * @param {string} session one of `Session`
   * @returns {Verdict | null} null: the wait goes on
   */
  afterAnswer(session) {
    const { code, reason } = this.#ended ?? this.#unseenEnd();
    if (session === Session.OVER) return this.#end(code, reason);
    // Nobody can tell: then a refusal after the end of a session has to do.
    if (session === Session.UNTOLD && this.#ended !== null) return this.#end(code, reason);
    if (session === Session.FORBIDDEN) return this.#end(CloseCode.POLICY_VIOLATION, "pages of this origin may not connect");
    return null;
  }

  /** Of a session that ended while there was no connection. */
  #unseenEnd() {
    if (this.#hasBeenOpen) return { code: CloseCode.SESSION_CLOSED, reason: "the session is over" };
    return { code: CloseCode.NOT_LOGGED_IN, reason: "nobody is logged in" };
  }

  /** @param {number} now */
  #pacedDelayMs(now) {
    this.#mayHurry = true;
    const delayMs = this.#backoff.nextDelayMs(now);
    return this.#isHurried ? Math.min(delayMs, this.#hurriedDelayMs(now)) : delayMs;
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    this.forget();
    return { delayMs: null, code, reason };
  }

  /** @param {number} now */
  #hurriedDelayMs(now) {
    return Math.max(HURRY_MS * this.#random(), this.#attemptedAt + SPACE_MS - now);
  }

  /** @param {number} now The backoff's delay counts, too: a server may accept and close again and again. */
  #newCookieDelayMs(now) {
    return Math.max(NEW_COOKIE_MS * (1 + this.#random()), this.#backoff.nextDelayMs(now));
  }
}
