/**
 * Asks a silent server whether it is there, and gives its connection up if it does not answer.
 *
 * TCE has no heartbeat (TCE protocol, section 1), and a browser does not tell a page of one. A call that ends with its
 * timeout, and since whose sending nothing at all has come, makes the connection doubtful: the server may be slow, or
 * a router on the way may have forgotten both. The server is then called for what nobody serves; any answer will do.
 */

/** @import { Clock } from "../clock.js" */

/** What a server that was asked gets: as long as the calls that wait have left, within these bounds. */
const [LEAST_MS, MOST_MS] = [2_000, 10_000];
/** If the page itself stood still, the answer lies in the socket, and comes within this time. */
const LAST_LOOK_MS = 250;

export class Liveness {
  #clock;
  #ask;
  #giveUp;
  /** @type {any} */
  #timer = null;
  /** How often something has come on this connection, which is the only one that is doubted. */
  heard = 0;

  /**
   * @param {Clock} clock
   * @param {() => void} ask
   * @param {() => void} giveUp the connection; `reset` follows
   */
  constructor(clock, ask, giveUp) {
    this.#clock = clock;
    this.#ask = ask;
    this.#giveUp = giveUp;
  }

  /**
   * A call has ended with its timeout.
   * @param {number} heardThen what `heard` was when it was made
   * @param {number} leftMs how long the calls that still wait will do so
   */
  onTimeout(heardThen, leftMs) {
    if (this.#timer !== null || heardThen !== this.heard) return;
    this.#ask();
    this.#wait(Math.min(Math.max(leftMs, LEAST_MS), MOST_MS), () => this.#wait(LAST_LOOK_MS, () => this.#giveUp()));
  }

  /** The connection is over, or was never doubted. */
  reset() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /**
   * @param {number} delayMs
   * @param {() => void} andThen unless something has come
   */
  #wait(delayMs, andThen) {
    const { heard } = this;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = null;
      if (heard === this.heard) andThen();
    }, delayMs);
  }
}
