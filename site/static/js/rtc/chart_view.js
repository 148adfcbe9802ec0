/**
 * A chart on the page: an ECharts instance that is kept like the chart's state.
 *
 * Decides how much of it is to be drawn. When that is done is draw_schedule.js, what a picture consists of chart_option.js.
 */

/** @import { Chart } from "./chart.js" */
/** @import { DrawSchedule } from "./draw_schedule.js" */
/** @import { Palette } from "./palette.js" */
/** @import { MeasureText } from "./text_measure.js" */
import { layoutOption, structureOf, updateOption, wholeOption } from "./chart_option.js";
import { equip } from "./text_measure.js";

/**
 * @typedef {object} EChartsInstance The part of an instance that is used.
 * @property {(option: object, settings?: {notMerge?: boolean}) => void} setOption
 * @property {(event: string, run: () => void) => void} on
 * @property {() => void} resize
 * @property {() => number} getHeight
 * @property {() => void} dispose
 */
/** Drawn before it is scrolled into sight. */
const SEEN_MARGIN = "100px";

/**
 * @typedef {object} ECharts The part of the library that is used.
 * @property {(element: HTMLElement) => EChartsInstance} init
 * @property {(api: {measureText: MeasureText}) => void} [setPlatformAPI]
 */

export class ChartView {
  #chart;
  #element;
  #instance;
  #schedule;
  #palette;
  #observers;
  /** @type {string | null} What the drawn picture consists of; null: draw all of it. */
  #structure = null;
  #hasResized = false;
  #isFollowing = true;

  /**
   * @param {Chart} chart
   * @param {HTMLElement} element
   * @param {object} options
   * @param {ECharts} options.echarts
   * @param {DrawSchedule} options.schedule
   * @param {typeof ResizeObserver | undefined} options.ResizeObserver
   * @param {typeof IntersectionObserver | undefined} options.IntersectionObserver without one it counts as seen
   * @param {Palette} options.palette
   */
  constructor(chart, element, { echarts, schedule, ResizeObserver, IntersectionObserver, palette }) {
    this.#chart = chart;
    this.#element = element;
    equip(echarts);
    this.#instance = echarts.init(element);
    this.#schedule = schedule;
    this.#palette = palette;
    this.#observers = [
      ResizeObserver && new ResizeObserver(() => this.#onResize()),
      IntersectionObserver && new IntersectionObserver((seen) => this.#onSeen(seen), { rootMargin: SEEN_MARGIN }),
    ];
    schedule.add(this);
    for (const observer of this.#observers) observer?.observe(element);
    // Whoever zooms or moves wants to look at that place, not at what comes in at the end.
    this.#instance.on("datazoom", () => (this.#isFollowing = false));
  }

  /** The chart's state may have changed: draw when it is this chart's turn. */
  invalidate() {
    this.#schedule.invalidate(this);
  }

  /** @returns {boolean} whether somebody points at it, or works in it with the keyboard */
  isFavoured() {
    return this.#element.matches?.(":hover, :focus-within") ?? false;
  }

  /** @param {Palette} palette */
  setPalette(palette) {
    this.#palette = palette;
    this.#structure = null;
    this.invalidate();
  }

  /** Take the drawing off the page. */
  dispose() {
    this.#schedule.remove(this);
    for (const observer of this.#observers) observer?.disconnect();
    this.#instance.dispose();
  }

  /** For the schedule: it is this chart's turn. */
  draw() {
    if (this.#hasResized) this.#instance.resize();
    if (this.#chart.series.length > 0) this.#drawChanges();
    this.#hasResized = false;
  }

  /** @param {IntersectionObserverEntry[]} entries of the one element, the newest last */
  #onSeen(entries) {
    this.#schedule.setSeen(this, entries[entries.length - 1].isIntersecting);
  }

  #onResize() {
    this.#hasResized = true;
    this.invalidate();
  }

  #drawChanges() {
    const changes = this.#chart.takeChanges();
    const structure = structureOf(this.#chart);
    const height = this.#instance.getHeight();
    if (structure !== this.#structure) {
      this.#structure = structure;
      this.#isFollowing = true;
      this.#instance.setOption(wholeOption(this.#chart, this.#palette, height), { notMerge: true });
      return;
    }
    const layout = this.#hasResized ? layoutOption(this.#chart, this.#palette, height) : null;
    if (layout === null && changes.series.length === 0) return;
    this.#instance.setOption({ ...updateOption(this.#chart, changes, this.#palette, this.#isFollowing), ...layout });
  }
}
