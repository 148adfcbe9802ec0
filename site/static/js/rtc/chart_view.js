/**
 * A chart on the page: an ECharts instance that is kept like the chart's state.
 *
 * Decides how much of it is to be drawn. When that is done is draw_schedule.js, what a picture consists of chart_option.js.
 */

/** @import { Chart } from "./chart.js" */
/** @import { Clock } from "./clock.js" */
/** @import { DrawSchedule } from "./draw_schedule.js" */
/** @import { Palette } from "./palette.js" */
/** @import { MeasureText } from "./text_measure.js" */
/** @import { ZoomEvent } from "./zoom_place.js" */
import { layoutOption, structureOf, updateOption, wholeOption } from "./chart_option.js";
import { lastPrice } from "./last_price.js";
import { panelLayout, rightPx } from "./panel_layout.js";
import { drawnAxes } from "./panels.js";
import { PriceLine } from "./price_line.js";
import { TextAlternative } from "./text_alternative.js";
import { equip } from "./text_measure.js";
import { ZoomPlace } from "./zoom_place.js";

/**
 * @typedef {object} EChartsInstance The part of an instance that is used.
 * @property {(option: object, settings?: {notMerge?: boolean}) => void} setOption
 * @property {(event: string, run: (happened: any) => void) => void} on
 * @property {() => void} resize
 * @property {() => number} getHeight
 * @property {() => number} getWidth
 * @property {(finder: {yAxisId: string}, value: number) => number} convertToPixel
 * @property {() => {painter: any}} getZr
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
  #zoom = new ZoomPlace();
  #line;
  /** True when the reader has hidden the prices in the legend. */
  #isPriceHidden = false;
  /** True when the newest price has left the drawn scale. */
  #isOffScale = false;
  #text;

  /**
   * @param {Chart} chart
   * @param {HTMLElement} element
   * @param {object} options
   * @param {ECharts} options.echarts
   * @param {DrawSchedule} options.schedule
   * @param {typeof ResizeObserver | undefined} options.ResizeObserver
   * @param {typeof IntersectionObserver | undefined} options.IntersectionObserver without one it counts as seen
   * @param {Palette} options.palette
   * @param {Clock} options.clock
   */
  constructor(chart, element, { echarts, schedule, ResizeObserver, IntersectionObserver, palette, clock }) {
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
    this.#line = new PriceLine(this.#instance.getZr().painter.getViewportRoot());
    this.#instance.on("datazoom", (/** @type {ZoomEvent} */ event) => this.#onZoom(event));
    this.#instance.on("legendselectchanged", ({ selected }) => this.#onSelect(selected));
    this.#text = new TextAlternative(element, chart, clock);
    // A finger that moves up or down scrolls the page.
    element.style.touchAction = "pan-y";
  }

  /** The chart's state may have changed: draw when it is this chart's turn. */
  invalidate() {
    this.#text.update();
    this.#schedule.invalidate(this);
  }

  /** @returns {boolean} whether its newest price cannot be shown before, or somebody points at it or works in it with the keyboard */
  isFavoured() {
    return this.#isOffScale || (this.#element.matches?.(":hover, :focus-within") ?? false);
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
    this.#text.dispose();
    this.#element.style.touchAction = "";
    this.#instance.dispose();
  }

  /** For the schedule: it is this chart's turn. */
  draw() {
    if (this.#hasResized) this.#instance.resize();
    if (this.#chart.series.length > 0) this.#drawChanges();
    this.#hasResized = false;
    this.#showPrice();
    this.#isOffScale = false; // what is outside even now is outside of what the reader has zoomed to
  }

  /** For the schedule, while the chart waits for its turn: the newest price, as far as that fits to what is drawn. */
  drawNewest() {
    this.#showPrice();
  }

  #showPrice() {
    if (structureOf(this.#chart) !== this.#structure) return; // the price belongs to another picture than the drawn one
    const last = this.#isPriceHidden ? null : lastPrice(this.#chart, this.#palette);
    const isShown = this.#line.show(last, this.#placeOf(last?.price ?? NaN), this.#palette.surface);
    this.#isOffScale = last !== null && !isShown;
  }

  /** @param {number} price */
  #placeOf(price) {
    const [panel] = panelLayout(this.#instance.getHeight(), drawnAxes(this.#chart).length);
    const y = this.#instance.convertToPixel({ yAxisId: "y0" }, price);
    return { y, panel, width: this.#instance.getWidth(), right: rightPx(this.#chart.prices) };
  }

  /** @param {ZoomEvent} event */
  #onZoom(event) {
    this.#zoom.onZoom(event);
    this.#showPrice();
  }

  /** @param {Record<string, boolean>} selected by the names of series */
  #onSelect(selected) {
    this.#isPriceHidden = selected[this.#chart.series[0]?.name] === false;
    this.#showPrice();
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
      this.#isPriceHidden = false;
      const window = this.#zoom.take(this.#chart.axis);
      this.#instance.setOption(wholeOption(this.#chart, this.#palette, height, window), { notMerge: true });
      return;
    }
    const layout = this.#hasResized ? layoutOption(this.#chart, this.#palette, height) : null;
    if (layout === null && changes.series.length === 0) return;
    const window = changes.labels ? this.#zoom.take(this.#chart.axis) : null;
    this.#instance.setOption({ ...updateOption(this.#chart, changes, window), ...layout });
  }
}
