/**
 * The drawing of one chart on the page: when it is drawn, and whether it is seen. What it looks like is up to a subclass.
 *
 * A page's own kinds of charts extend it (docs/extending.md). A subclass has to have `draw`; the rest may stay as it is.
 */

/** @import { Clock } from "./clock.js" */
/** @import { DrawSchedule } from "./draw_schedule.js" */
/** @import { ECharts } from "./chart_view.js" */
/** @import { Palette } from "./palette.js" */

/**
 * @typedef {object} ViewTools What a page has for its drawings.
 * @property {ECharts} echarts reading it raises an error where the page has none
 * @property {Palette} palette the colours to begin with
 * @property {Clock} clock
 * @property {DrawSchedule} schedule
 * @property {typeof ResizeObserver | undefined} ResizeObserver
 * @property {typeof IntersectionObserver | undefined} IntersectionObserver without one the drawing counts as seen
 * @property {Record<string, any>} kept outlives the view: one that is made again for the same chart finds what it put there
 */

/** Drawn before it is scrolled into sight. */
export const SEEN_MARGIN = "100px";

/** @typedef {{hasData: boolean}} Drawn */

/** @template {Drawn} [C=any] the chart: a Chart, or an OwnChart */
export class View {
  #schedule;
  #observers;

  /**
   * @param {C} chart whose state is drawn
   * @param {HTMLElement} element where
   * @param {ViewTools} tools
   */
  constructor(chart, element, { schedule, palette, ResizeObserver, IntersectionObserver }) {
    this.chart = chart;
    this.element = element;
    this.palette = palette;
    this.#schedule = schedule;
    this.#observers = [
      ResizeObserver && new ResizeObserver(() => this.onResize()),
      IntersectionObserver && new IntersectionObserver((seen) => this.#onSeen(seen), { rootMargin: SEEN_MARGIN }),
    ];
    schedule.add(this);
    for (const observer of this.#observers) observer?.observe(element);
  }

  /** Draw the chart's state as it is now. Called at the chart's turn, never before its first data. */
  draw() {
    throw new Error("a View has to have its own draw()");
  }

  /** Show what matters most of the state, at little cost, while the chart waits for its turn. */
  drawNewest() {}

  /** The element has another size. */
  onResize() {
    this.invalidate();
  }

  /** The chart's state may have changed: draw when it is this chart's turn. Nothing is drawn before the first data. */
  invalidate() {
    if (this.chart.hasData) this.#schedule.invalidate(this);
  }

  /** @returns {boolean} whether the reader is busy with it: somebody points at it or works in it with the keyboard */
  isFavoured() {
    return this.element.matches?.(":hover, :focus-within") ?? false;
  }

  /** @param {Palette} palette the page's colours from now on */
  setPalette(palette) {
    this.palette = palette;
    this.invalidate();
  }

  /** Take the drawing off the page. */
  dispose() {
    this.#schedule.remove(this);
    for (const observer of this.#observers) observer?.disconnect();
  }

  /** @param {IntersectionObserverEntry[]} entries of the one element, the newest last */
  #onSeen(entries) {
    this.#schedule.setSeen(this, entries[entries.length - 1].isIntersecting);
  }
}
