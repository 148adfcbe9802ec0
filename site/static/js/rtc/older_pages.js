/**
 * Older rows of one chart, page by page: what is asked for, and what of an answer still fits.
 *
 *      more ── load ──► loading ──► more, or none, or full, or failed (and may be tried again)
 *
 * Decides that one page is on its way at a time, and that one which was asked for before another picture came is left out.
 */

/** @import { ChartRows } from "./chart_rows.js" */
/** @import { Label, StaticChart } from "./chart.js" */

import { isTime } from "./label_order.js";
import { RTError } from "./rt_error.js";

/** @typedef {{chart: StaticChart, older: boolean}} Page The answer to a request for older rows. */
/**
 * @typedef {object} Paging
 * @property {number} most how many points of each series are kept at most
 * @property {(before: Label, count: number) => Promise<Page>} ask
 */
/**
 * @typedef {object} Older
 * @property {boolean | null} hasMore whether the server has rows before the first one; null where it has no pages of this chart
 * @property {boolean} isLoading
 * @property {boolean} isFull whether the chart keeps as many points as it may
 * @property {RTError | null} error why the last page did not come
 */

/** Rows of a page, where it is not said: more than a screen is wide in bars. */
const PAGE_ROWS = 500;

export class OlderPages {
  #rows;
  #onChange;
  #paging;
  /** @type {boolean | undefined} undefined: this server does not page */
  #hasMore;
  /** @type {RTError | null} */
  #error = null;
  /** @type {Promise<number> | null} */
  #loading = null;

  /**
   * @param {ChartRows} rows
   * @param {() => void} onChange `state` is another one
   * @param {Paging} [paging] without it nothing older can be had
   */
  constructor(rows, onChange, paging) {
    this.#rows = rows;
    this.#onChange = onChange;
    this.#paging = paging;
  }

  /** @returns {Older} */
  get state() {
    const { axis } = this.#rows;
    const isFull = axis.length >= (this.#paging?.most ?? 0);
    const isPaged = this.#hasMore !== undefined && isTime(axis.oldest ?? 0);
    return { hasMore: isPaged ? this.#hasMore || axis.hasForgotten : null, isLoading: this.#loading !== null, isFull, error: this.#error };
  }

  /**
   * @param {boolean | undefined} hasOlder whether there are rows before the picture's first one
   * @param {boolean} hasKept whether the chart has kept some of them: then it is known from them what is before
   */
  onPicture(hasOlder, hasKept) {
    if (hasKept) return;
    this.#hasMore = hasOlder;
    this.#error = null;
    this.#onChange();
  }

  /**
   * @param {number} [count]
   * @param {(page: StaticChart) => void} [onPage]
   * @returns {Promise<number>}
   */
  load(count = PAGE_ROWS, onPage = () => {}) {
    const { hasMore, isFull } = this.state;
    const before = this.#rows.axis.oldest;
    if (this.#loading !== null) return this.#loading;
    if (this.#paging === undefined || !hasMore || isFull || before === undefined) return Promise.resolve(0);
    const room = this.#paging.most - this.#rows.axis.length;
    this.#loading = this.#load(before, Math.min(count, room), onPage);
    this.#onChange();
    return this.#loading;
  }

  /**
   * @param {Label} before
   * @param {number} count
   * @param {(page: StaticChart) => void} onPage
   */
  async #load(before, count, onPage) {
    const { most, ask } = /** @type {Paging} */ (this.#paging);
    this.#error = null;
    try {
      const { chart, older } = await ask(before, count);
      if (this.#rows.axis.oldest !== before) return 0; // another picture has come, or the row that it joins is forgotten
      onPage(chart);
      const came = this.#rows.prepend(chart, most);
      this.#hasMore = older || came < chart.xAxis.data.length;
      return came;
    } catch (error) {
      if (error instanceof RTError && error.code === "replaced") return 0; // the chart was asked for again meanwhile
      this.#error = /** @type {RTError} */ (error);
      throw error;
    } finally {
      this.#loading = null;
      this.#onChange();
    }
  }
}
