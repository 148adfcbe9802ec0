/**
 * Notices a connection that is dead without having been closed: a lost network, a server that was switched off.
 *
 * Silence for one interval is answered with a ping; silence for 1.5 intervals after that, 2.5 in all, means dead.
 * Decides when; what a ping is and what follows death belongs to the owner.
 */

/** @import { Clock } from "./clock.js" */

/** Intervals between a ping and giving up. */
const PATIENCE = 1.5;

export class Heartbeat {
  #clock;
  #ping;
  #giveUp;
  #intervalMs = 0;
  #heardAt = 0;
  /** @type {number | null} When the silence was answered with a ping; null while it was not. */
  #pingedAt = null;
  /** @type {any} */
  #timer = null;

  /**
   * @param {object} options
   * @param {Clock} options.clock
   * @param {() => void} options.ping asks the other side for a sign of life
   * @param {() => void} options.giveUp is called once, after which the heartbeat has stopped
   */
  constructor({ clock, ping, giveUp }) {
    this.#clock = clock;
    this.#ping = ping;
    this.#giveUp = giveUp;
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

  stop() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Something came. Called for every message, so it touches no timer: the one that runs finds out by itself. */
  heard() {
    this.#heardAt = this.#clock.now();
    this.#pingedAt = null;
  }

  #dueAt() {
    // Patience counts from the ping, not from the silence: a browser holds the timers of a hidden page back for up to
    // a minute, and such a page must ask before it takes its own sleep for the server's death.
    if (this.#pingedAt !== null) return this.#pingedAt + PATIENCE * this.#intervalMs;
    return this.#heardAt + this.#intervalMs;
  }

  #arm() {
    this.#timer = this.#clock.setTimeout(() => this.#check(), this.#dueAt() - this.#clock.now());
  }

  #check() {
    if (this.#clock.now() < this.#dueAt()) return this.#arm();
    if (this.#pingedAt !== null) {
      this.stop();
      return this.#giveUp();
    }
    this.#pingedAt = this.#clock.now();
    this.#arm();
    return this.#ping();
  }
}
