/**
 * One chart of a page: where its data come from, its drawing, and whether it is wanted now.
 *
 * It is wanted while somebody can see the page, and it on the screen; or where it goes on although nobody can. Its drawing is
 * there as long as it is on the screen, or all the time.
 */

/** @import { Chart } from "./chart.js" */
/** @import { OwnChart } from "./own_chart.js" */
/** @import { Palette } from "./palette.js" */
/** @import { SeenListener } from "./screen_watch.js" */
/** @import { View } from "./view.js" */

/**
 * @typedef {object} Feed Where the data come from.
 * @property {() => void} begin have them sent, if they are not
 * @property {() => void} end have nothing sent for now
 * @property {() => void} dispose have nothing sent any more
 */
/**
 * @typedef {object} EntryParts
 * @property {Feed} feed
 * @property {string | undefined} kind of its drawing
 * @property {Record<string, any>} kept what its drawings have put there for those after them
 * @property {(() => View) | null} makeView null for a chart that only keeps data
 * @property {((listener: SeenListener) => () => void) | null} watch null for a chart that is wanted off the screen, too
 * @property {() => boolean} isHidden whether nobody can see the page, as far as this chart minds
 */

/** @template {Chart | OwnChart} [C=Chart | OwnChart] */
export class ChartEntry {
  /** @type {View | null} */
  #view = null;
  #parts;
  #isSeen;
  #unwatch = () => {};
  /** @type {SeenListener} */
  #listener = () => {};

  /**
   * Makes the drawing, unless it waits to be seen.
   * @param {C} chart
   * @param {Omit<EntryParts, "feed">} parts
   */
  constructor(chart, parts) {
    this.chart = chart;
    this.#parts = parts;
    this.#isSeen = parts.watch === null;
    if (this.#isSeen) this.#draw();
  }

  /** True while its data are to be sent. */
  get isWanted() {
    return this.#isSeen && !this.#parts.isHidden();
  }

  /**
   * @param {Feed} feed is asked as long as the chart is wanted
   * @param {SeenListener} [onSeen] is told when the chart comes onto the screen, or counts as there, and when it leaves it
   */
  start(feed, onSeen = () => {}) {
    this.feed = feed;
    this.#listener = onSeen;
    const { watch } = this.#parts;
    if (watch === null) this.#onSeen(true);
    else this.#unwatch = watch((isSeen) => this.#onSeen(isSeen));
  }

  /**
   * @param {string | undefined} kind
   * @returns {Record<string, any>} what is kept for a drawing of that kind, in this chart's place
   */
  keptFor(kind) {
    return this.#parts.kind === kind ? this.#parts.kept : {};
  }

  /** Have the data sent, or not, as it is now wanted. */
  update() {
    if (this.isWanted) this.feed?.begin();
    else this.feed?.end();
  }

  /** The chart's state may have changed. */
  invalidate() {
    this.#view?.invalidate();
  }

  /** @param {Palette} palette */
  setPalette(palette) {
    this.#view?.setPalette(palette);
  }

  /** Give the chart up, with its drawing. */
  dispose() {
    this.#unwatch();
    this.#erase();
    this.feed?.dispose();
  }

  /** @param {boolean} isSeen */
  #onSeen(isSeen) {
    this.#isSeen = isSeen;
    if (isSeen) this.#draw();
    else this.#erase();
    this.#listener(isSeen);
    this.update();
  }

  #draw() {
    this.#view ??= this.#parts.makeView?.() ?? null;
    this.#view?.invalidate();
  }

  #erase() {
    this.#view?.dispose();
    this.#view = null;
  }
}
