/**
 * A chart on the page: an ECharts instance that is kept like the chart's state.
 *
 * Decides how much of it is to be drawn. When that is done is draw_schedule.js, what a picture consists of chart_option.js.
 */

/** @import { Chart } from "./chart.js" */
/** @import { Palette } from "./palette.js" */
/** @import { MeasureText } from "./text_measure.js" */
/** @import { ViewTools } from "./view.js" */
/** @import { ZoomEvent } from "./zoom_place.js" */
import { showsAll } from "./chart_zoom.js";
import { layoutOption, structureOf, updateOption, wholeOption } from "./chart_option.js";
import { lastPrice } from "./last_price.js";
import { panelLayout, rightPx } from "./panel_layout.js";
import { drawnAxes } from "./panels.js";
import { OlderMark, olderText } from "./older_mark.js";
import { PriceLine } from "./price_line.js";
import { Pull } from "./pull.js";
import { TextAlternative } from "./text_alternative.js";
import { equip } from "./text_measure.js";
import { View } from "./view.js";
import { ZoomPlace } from "./zoom_place.js";

/** Rows of a page on the way back to a place: the server sends as many of them as fit into one. */
const RESTORED_ROWS = 2000;

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
/**
 * @typedef {object} ECharts The part of the library that is used.
 * @property {(element: HTMLElement) => EChartsInstance} init
 * @property {(api: {measureText: MeasureText}) => void} [setPlatformAPI]
 */

/** @extends {View<Chart>} */
export class ChartView extends View {
  #instance;
  /** @type {string | null} What the drawn picture consists of; null: draw all of it. */
  #structure = null;
  #hasResized = false;
  /** @type {ZoomPlace} */
  #zoom;
  #line;
  #mark;
  #pull;
  /** True when the reader has hidden the prices in the legend. */
  #isPriceHidden = false;
  /** True when the newest price has left the drawn scale. */
  #isOffScale = false;
  #text;

  /**
   * @param {Chart} chart
   * @param {HTMLElement} element
   * @param {ViewTools} tools
   */
  constructor(chart, element, tools) {
    const { echarts, kept, clock } = tools;
    equip(echarts);
    super(chart, element, tools);
    this.#zoom = kept.zoom ??= new ZoomPlace();
    if (kept.chart !== chart) this.#zoom.moveToNewAxis();
    kept.chart = chart;
    this.#instance = echarts.init(element);
    const drawing = this.#instance.getZr().painter.getViewportRoot();
    this.#line = new PriceLine(drawing);
    this.#mark = new OlderMark(drawing);
    this.#pull = new Pull(element, () => this.#wantOlder());
    this.#instance.on("datazoom", (/** @type {ZoomEvent} */ event) => this.#onZoom(event));
    this.#instance.on("legendselectchanged", ({ selected }) => this.#onSelect(selected));
    this.#text = new TextAlternative(element, chart, clock);
    // A finger that moves up or down scrolls the page.
    element.style.touchAction = "pan-y";
  }

  /** @override */
  invalidate() {
    this.#text.update();
    super.invalidate();
  }

  /**
   * @override
   * @returns {boolean} also where its newest price cannot be shown before
   */
  isFavoured() {
    return this.#isOffScale || super.isFavoured();
  }

  /**
   * @override
   * @param {Palette} palette
   */
  setPalette(palette) {
    this.#structure = null;
    super.setPalette(palette);
  }

  /** @override */
  dispose() {
    super.dispose();
    this.#pull.dispose();
    this.#text.dispose();
    this.element.style.touchAction = "";
    this.#instance.dispose();
  }

  /** @override */
  onResize() {
    this.#hasResized = true;
    this.invalidate();
  }

  /** @override */
  draw() {
    if (this.#hasResized) this.#instance.resize();
    if (this.chart.series.length > 0) this.#drawChanges();
    this.#hasResized = false;
    this.#showPrice();
    this.#showMark();
    this.#restorePlace();
    this.#isOffScale = false; // what is outside even now is outside of what the reader has zoomed to
  }

  /** @override The newest price, as far as that fits to what is drawn. */
  drawNewest() {
    this.#showPrice();
  }

  #showPrice() {
    if (structureOf(this.chart) !== this.#structure) return; // the price belongs to another picture than the drawn one
    const last = this.#isPriceHidden ? null : lastPrice(this.chart, this.palette);
    const isShown = this.#line.show(last, this.#placeOf(last?.price ?? NaN), this.palette.surface);
    this.#isOffScale = last !== null && !isShown;
  }

  /** @param {number} price */
  #placeOf(price) {
    const [panel] = panelLayout(this.#instance.getHeight(), drawnAxes(this.chart).length);
    const y = this.#instance.convertToPixel({ yAxisId: "y0" }, price);
    return { y, panel, width: this.#instance.getWidth(), right: rightPx(this.chart.prices) };
  }

  #showMark() {
    const [panel] = panelLayout(this.#instance.getHeight(), drawnAxes(this.chart).length);
    this.#mark.show(olderText(this.chart.older, this.#zoom.isNearOldest(this.chart.axis) === true), panel, this.palette);
  }

  /** @param {ZoomEvent} event */
  #onZoom(event) {
    this.#zoom.onZoom(event);
    this.#showPrice();
    this.#showMark();
    this.#wantOlder();
  }

  /** The reader has come to the left end: have what is before it. */
  #wantOlder() {
    if (!(this.#zoom.isNearOldest(this.chart.axis) ?? showsAll(this.chart))) return;
    this.#loadOlder();
  }

  /** The reader's place was in older points, which this picture has not: have them, page by page. */
  #restorePlace() {
    // After an error the reader decides: each try would be answered with the next one.
    if (this.chart.older.error === null && this.#zoom.isBefore(this.chart.axis)) this.#loadOlder(RESTORED_ROWS);
  }

  /** @param {number} [count] */
  #loadOlder(count) {
    this.chart.loadOlder(count).catch(() => {}); // `chart.older` says why
  }

  /** @param {Record<string, boolean>} selected by the names of series */
  #onSelect(selected) {
    this.#isPriceHidden = selected[this.chart.series[0]?.name] === false;
    this.#showPrice();
  }

  #drawChanges() {
    const changes = this.chart.takeChanges();
    const structure = structureOf(this.chart);
    const height = this.#instance.getHeight();
    if (structure !== this.#structure) {
      this.#structure = structure;
      this.#isPriceHidden = false;
      const window = this.#zoom.take(this.chart.axis);
      this.#instance.setOption(wholeOption(this.chart, this.palette, height, window), { notMerge: true });
      return;
    }
    const layout = this.#hasResized ? layoutOption(this.chart, this.palette, height) : null;
    if (layout === null && changes.series.length === 0) return;
    const window = changes.labels ? this.#zoom.take(this.chart.axis) : null;
    this.#instance.setOption({ ...updateOption(this.chart, changes, window), ...layout });
  }
}
