/**
 * Notices a connection that is dead without having been closed: a lost network, a server that stands still.
 *
 *      HEARD ── nothing for a while ──► ASKED ── no answer ──► SILENT ── no answer ──► given up
 *        ▲                                │                      │
 *        └───────────── anything ─────────┴──────────────────────┘
 *
 * The length of "a while" depends on whether somebody looks. A page that is seen must know within 10 s that nothing comes.
 * One that nobody sees asks in the server's interval only: for the battery's sake, and because a browser holds its
 * timers back anyway. A connection on which something comes every few seconds is never asked.
 *
 * Decides when; what a ping is and what follows death belongs to the owner.
 */

/** @import { Clock } from "./clock.js" */

/** Intervals between a ping and giving up. A large message on a slow line takes long, and its answer is behind it. */
const PATIENCE = 1.5;
/** Silence after which a page that is seen asks. With the time for the answer it stays below 10 s. */
const QUIET_MS = 5000;
/** Time for the answer, until a page that is seen says that nothing comes. */
const ANSWER_MS = 4000;
/** After a sign that the network may have changed: what came within this time is answer enough. */
const FRESH_MS = 1000;

/**
 * @typedef {object} HeartbeatOwner
 * @property {() => void} ping ask the other side for a sign of life
 * @property {(isSilent: boolean, silentMs: number) => void} onSilence nothing comes, or something has come again
 * @property {() => void} giveUp called once, after which the heartbeat has stopped
 */

export class Heartbeat {
  #clock;
  #owner;
  #intervalMs = 0;
  #isWatched = false;
  #isSilent = false;
  /** True when the question under way is the last one: the network has probably changed beneath the connection. */
  #isProbe = false;
  #heardAt = 0;
  /** @type {number | null} When the silence was answered with a ping; null while it was not. */
  #pingedAt = null;
  /** @type {any} */
  #timer = null;

  /**
   * @param {Clock} clock
   * @param {HeartbeatOwner} owner
   */
  constructor(clock, owner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  /** True when a question has had no answer for so long that the reader has to know. */
  get isSilent() {
    return this.#isSilent;
  }

  /**
   * Begin, or go on with another interval.
   * @param {number} intervalMs
   */
  start(intervalMs) {
    this.stop();
    this.#intervalMs = intervalMs;
    this.heard();
    this.#arm();
  }

  /** The connection is over: its silence, too. */
  stop() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#isSilent = false;
  }

  /** @param {boolean} isWatched whether somebody can see the page */
  watch(isWatched) {
    this.#isWatched = isWatched;
    if (this.#timer !== null) this.#arm();
  }

  /**
   * The network may have changed: find out soon whether the connection still lives, and else give it up. A page that was
   * frozen asks anew, for the answer to its last question may still be in the browser's queue.
   */
  probe() {
    if (this.#timer === null || this.#isProbe || this.#clock.now() - this.#heardAt < FRESH_MS) return;
    this.#isProbe = true;
    this.#ask();
  }

  /** Something came. Called for every message, so it touches no timer: the one that runs finds out by itself. */
  heard() {
    this.#heardAt = this.#clock.now();
    this.#pingedAt = null;
    this.#isProbe = false;
    if (!this.#isSilent) return;
    this.#isSilent = false;
    this.#arm();
    this.#owner.onSilence(false, 0);
  }

  #dueAt() {
    if (this.#pingedAt === null) return this.#heardAt + this.#quietMs();
    // Patience counts from the ping, not from the silence: a browser holds the timers of a hidden page back for up to
    // a minute, and such a page must ask before it takes its own sleep for the server's death.
    if (this.#isWatched && !this.#isSilent) return this.#pingedAt + Math.min(ANSWER_MS, this.#patienceMs());
    return this.#pingedAt + this.#patienceMs();
  }

  #quietMs() {
    return this.#isWatched ? Math.min(QUIET_MS, this.#intervalMs) : this.#intervalMs;
  }

  #patienceMs() {
    const patienceMs = PATIENCE * this.#intervalMs;
    return this.#isProbe ? Math.min(ANSWER_MS, patienceMs) : patienceMs;
  }

  #arm() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.#check(), this.#dueAt() - this.#clock.now());
  }

  #check() {
    const now = this.#clock.now();
    if (now < this.#dueAt()) return this.#arm();
    if (this.#pingedAt === null) return this.#ask();
    if (now >= this.#pingedAt + this.#patienceMs()) {
      this.stop();
      return this.#owner.giveUp();
    }
    this.#isSilent = true;
    this.#arm();
    return this.#owner.onSilence(true, now - this.#heardAt);
  }

  #ask() {
    this.#pingedAt = this.#clock.now();
    this.#arm();
    this.#owner.ping();
  }
}
