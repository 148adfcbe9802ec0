/**
 * Whether somebody can see the page, as far as it matters: a glance at another tab is not worth a pause.
 *
 * Decides when a page counts as hidden. What is done about it is its owner's business.
 */

/** @import { Clock } from "./clock.js" */

/**
 * @typedef {object} VisibleDocument The part of the page's document that is used.
 * @property {string} visibilityState
 * @property {(event: "visibilitychange", run: () => void) => void} addEventListener
 */

export class PageVisibility {
  /** Whether the page has been hidden for long enough. */
  isHidden = false;
  #document;
  #clock;
  #afterMs;
  #on;
  /** @type {any} the timer, while one is armed */
  #timer = null;

  /**
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
    if (document === undefined || afterMs === null) return;
    document.addEventListener("visibilitychange", () => this.#onChange());
    this.#onChange();
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
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.isHidden) return;
    this.isHidden = false;
    this.#on.show();
  }
}
