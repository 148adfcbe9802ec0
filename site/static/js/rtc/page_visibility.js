/**
 * Visibility of the page, as far as it matters: a glance at another tab is not worth a pause.
 *
 * Decides when a page counts as hidden. What is done about it is its owner's business.
 */

/** @import { Clock } from "./clock.js" */

/**
 * @typedef {object} VisibleDocument The part of the page's document that is used.
 * @property {string} visibilityState
 * @property {(event: "visibilitychange", run: () => void) => void} addEventListener
 * @property {(event: "visibilitychange", run: () => void) => void} removeEventListener
 */

export class PageVisibility {
  /** True when the page has been hidden for long enough. */
  isHidden = false;
  #document;
  #clock;
  #afterMs;
  #on;
  #listener = () => this.#onChange();
  #isWatching = false;
  /** @type {any} the timer, while one is armed */
  #timer = null;

  /**
   * Looks at nothing until `start`.
   * @param {object} options
   * @param {VisibleDocument | undefined} options.document without one the page never counts as hidden
   * @param {Clock} options.clock
   * @param {number | null} options.afterMs how long it has to be hidden for that; null: for ever
   * @param {{hide: () => void, show: () => void}} on what is called when `isHidden` has changed
   */
  constructor({ document, clock, afterMs }, on) {
    this.#document = document;
    this.#clock = clock;
    this.#afterMs = afterMs;
    this.#on = on;
  }

  /** Follow the document from now on; once, however often it is called. */
  start() {
    if (this.#document === undefined || this.#afterMs === null || this.#isWatching) return;
    this.#isWatching = true;
    this.#document.addEventListener("visibilitychange", this.#listener);
    this.#onChange();
  }

  /** Leave the document alone, which would keep its listeners for as long as it lives. Nothing is called for it. */
  stop() {
    this.#isWatching = false;
    this.#document?.removeEventListener("visibilitychange", this.#listener);
    this.#disarm();
    this.isHidden = false;
  }

  #onChange() {
    if (this.#document?.visibilityState === "hidden") this.#arm();
    else this.#onShown();
  }

  #arm() {
    this.#timer ??= this.#clock.setTimeout(() => this.#onHidden(), this.#afterMs ?? 0);
  }

  #onHidden() {
    this.isHidden = true;
    this.#on.hide();
  }

  #onShown() {
    this.#disarm();
    if (!this.isHidden) return;
    this.isHidden = false;
    this.#on.show();
  }

  #disarm() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
