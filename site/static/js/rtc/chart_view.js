/**
 * A chart on the page: an ECharts instance that is kept like the chart's state, at most once per animation frame.
 *
 * Decides when to draw and how much of it. What a picture consists of is chart_option.js.
 */

/** @import { Chart } from "./chart.js" */
/** @import { Palette } from "./palette.js" */
import { layoutOption, structureOf, updateOption, wholeOption } from "./chart_option.js";

/**
 * @typedef {object} EChartsInstance The part of an instance that is used.
 * @property {(option: object, settings?: {notMerge?: boolean}) => void} setOption
 * @property {(event: string, run: () => void) => void} on
 * @property {() => void} resize
 * @property {() => number} getHeight
 * @property {() => void} dispose
 */
/** @typedef {{init: (element: HTMLElement) => EChartsInstance}} ECharts The part of the library that is used. */

export class ChartView {
  #chart;
  #instance;
  #requestFrame;
  #palette;
  #observer;
  /** @type {string | null} What the drawn picture consists of; null: draw all of it. */
  #structure = null;
  #isScheduled = false;
  #isDisposed = false;
  #hasResized = false;
  #isFollowing = true;

  /**
   * @param {Chart} chart
   * @param {HTMLElement} element
   * @param {object} options
   * @param {ECharts} options.echarts
   * @param {(run: () => void) => void} options.requestFrame
   * @param {typeof ResizeObserver | undefined} options.ResizeObserver
   * @param {Palette} options.palette
   */
  constructor(chart, element, { echarts, requestFrame, ResizeObserver, palette }) {
    this.#chart = chart;
    this.#instance = echarts.init(element);
    this.#requestFrame = requestFrame;
    this.#palette = palette;
    this.#observer = ResizeObserver && new ResizeObserver(() => this.#onResize());
    this.#observer?.observe(element);
    // Whoever zooms or moves wants to look at that place, not at what comes in at the end.
    this.#instance.on("datazoom", () => (this.#isFollowing = false));
  }

  /** The chart's state may have changed: draw in the next frame, once for however many calls until then. */
  invalidate() {
    if (this.#isScheduled || this.#isDisposed) return;
    this.#isScheduled = true;
    this.#requestFrame(() => this.#onFrame());
  }

  /** @param {Palette} palette */
  setPalette(palette) {
    this.#palette = palette;
    this.#structure = null;
    this.invalidate();
  }

  /** Take the drawing off the page. A frame that is on its way finds nothing to do. */
  dispose() {
    this.#isDisposed = true;
    this.#observer?.disconnect();
    this.#instance.dispose();
  }

  #onResize() {
    this.#hasResized = true;
    this.invalidate();
  }

  #onFrame() {
    this.#isScheduled = false;
    if (this.#isDisposed) return;
    if (this.#hasResized) this.#instance.resize();
    if (this.#chart.series.length > 0) this.#draw();
    this.#hasResized = false;
  }

  #draw() {
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
