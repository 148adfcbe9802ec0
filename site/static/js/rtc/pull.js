/** A reader's pull at a chart that shows its left end already: ECharts says nothing about a drag that moves nothing. */

/** So far a pointer moves to the right until it counts. */
const PULL_PX = 24;

/** @typedef {Pick<HTMLElement, "addEventListener" | "removeEventListener">} Pulled */

export class Pull {
  #element;
  #onPull;
  /** @type {number | null} where the pointer went down; null while it is up, and when this drag has counted */
  #from = null;
  /** @type {[string, (event: any) => void][]} */
  #listeners = [
    ["pointerdown", ({ clientX }) => (this.#from = clientX)],
    ["pointermove", ({ clientX }) => this.#onMove(clientX)],
    ["pointerup", () => (this.#from = null)],
    ["pointercancel", () => (this.#from = null)],
    ["wheel", ({ ctrlKey, deltaY }) => ctrlKey && deltaY > 0 && this.#onPull()],
  ];

  /**
   * @param {Pulled} element
   * @param {() => void} onPull once for each drag, and for each turn of the wheel that would zoom out
   */
  constructor(element, onPull) {
    this.#element = element;
    this.#onPull = onPull;
    for (const [event, run] of this.#listeners) element.addEventListener(event, run, { passive: true });
  }

  /** Leave the element alone. */
  dispose() {
    for (const [event, run] of this.#listeners) this.#element.removeEventListener(event, run);
  }

  /** @param {number} x */
  #onMove(x) {
    if (this.#from === null || x - this.#from < PULL_PX) return;
    this.#from = null;
    this.#onPull();
  }
}
