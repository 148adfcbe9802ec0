/**
 * One subscription's wish for a fresh snapshot: when it is carried out.
 *
 * Decides that a subscription of which something is missing is asked for again by itself: once, not while the server says
 * that this client lags, and not too often (refresh_pace.js). One whose request came too soon for the server is asked for
 * again later. It does not know what is subscribed to.
 */

/** @import { Clock } from "./clock.js" */
import { RefreshPace } from "./refresh_pace.js";

/** After a refusal that may be over soon. */
const RETRY_MS = 1000;

export class SnapshotRefresh {
  #clock;
  #ask;
  #pace = new RefreshPace();
  #isWanted = false;
  #isHeld;
  /** @type {any} the timer, while one is armed */
  #timer = null;

  /**
   * @param {Clock} clock
   * @param {() => void} ask
   * @param {boolean} isHeld whether the client lags at the moment
   */
  constructor(clock, ask, isHeld) {
    this.#clock = clock;
    this.#ask = ask;
    this.#isHeld = isHeld;
  }

  /** Something is missing. However often it is said: the snapshot is asked for once. */
  want() {
    this.#isWanted = true;
    this.#maybeAsk();
  }

  /** The server refused the request, for now. */
  retry() {
    this.#isWanted = true;
    this.#maybeAsk(RETRY_MS);
  }

  /** The client lags: what comes next may be missing something, too. */
  hold() {
    this.#isHeld = true;
    this.#disarm();
  }

  /** It does not lag any more. */
  release() {
    this.#isHeld = false;
    this.#maybeAsk();
  }

  /** There is nothing to be asked for: a snapshot is on its way, or the subscription is given up. */
  cancel() {
    this.#isWanted = false;
    this.#disarm();
  }

  #maybeAsk(leastMs = 0) {
    if (!this.#isWanted || this.#isHeld || this.#timer !== null) return;
    const delayMs = Math.max(leastMs, this.#pace.delayMs(this.#clock.now()));
    if (delayMs > 0) this.#timer = this.#clock.setTimeout(() => this.#onTime(), delayMs);
    else this.#carryOut();
  }

  #onTime() {
    this.#timer = null;
    this.#carryOut();
  }

  #carryOut() {
    this.#isWanted = false;
    this.#pace.onAsked(this.#clock.now());
    this.#ask();
  }

  #disarm() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
