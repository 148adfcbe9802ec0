/**
 * The page's live charts: asks for them, hands each render to its chart, asks again after a reconnect.
 *
 * Decides which chart a message belongs to. What a render does to the data is chart.js, what it looks like the view's.
 */

/** @import { RTClient, UserInfo } from "./rt_client.js" */
/** @import { ChartRequest, Render } from "./chart.js" */
/** @import { ECharts } from "./chart_view.js" */
/** @import { Palette } from "./palette.js" */
/** @import { RTError } from "./rt_error.js" */
/** @import { Message } from "./request_table.js" */
import { Chart } from "./chart.js";
import { ChartView } from "./chart_view.js";
import { preferredPalette } from "./palette.js";

/**
 * @typedef {object} Entry
 * @property {Chart} chart
 * @property {ChartView | null} view null for a chart that only keeps data
 * @property {string} requestId marks the server's error about it
 * @property {UserInfo | null} askedOn the connection that the request last went out on
 */

export class MyCharts {
  #client;
  #echarts;
  #requestFrame;
  #ResizeObserver;
  #points;
  #palette;
  /** @type {Map<string, Entry>} by chart_id */
  #entries = new Map();
  #requests = 0;

  /**
   * @param {RTClient} client
   * @param {object} [options]
   * @param {ECharts} [options.echarts] default: the global one, looked up when a chart with an element is asked for
   * @param {(run: () => void) => void} [options.requestFrame]
   * @param {typeof ResizeObserver} [options.ResizeObserver]
   * @param {number} [options.points] how many points of each series are kept
   * @param {Palette} [options.palette] the colours; default: as the browser prefers, light or dark
   */
  constructor(client, options = {}) {
    this.#client = client;
    this.#echarts = options.echarts;
    this.#requestFrame = options.requestFrame ?? ((run) => void requestAnimationFrame(run));
    this.#ResizeObserver = options.ResizeObserver ?? globalThis.ResizeObserver;
    this.#points = options.points ?? 2000;
    this.#palette = options.palette ?? preferredPalette();
    client.on("userinfo", () => this.#onUserInfo());
    client.on("mycharts", (data) => this.#onRender(data));
    client.on("error", (error, message) => this.#onError(error, message));
  }

  /**
   * Ask for a chart, now or as soon as there is a connection, and again on every new connection. A chart that had the
   * same `chart_id` is given up for it.
   * @param {ChartRequest & {element?: HTMLElement | string}} options `element`, or the id of one: where to draw
   * @returns {Chart}
   */
  request({ element, ...asked }) {
    this.unlisten(asked.chart_id);
    const chart = new Chart(asked, this.#points);
    const view = element === undefined ? null : this.#view(chart, element);
    /** @type {Entry} */
    const entry = { chart, view, requestId: "", askedOn: null };
    this.#entries.set(chart.chart_id, entry);
    this.#ask(entry);
    return chart;
  }

  /**
   * @param {string} chart_id
   * @returns {Chart | undefined} the chart of that id, if it was asked for and not given up
   */
  get(chart_id) {
    return this.#entries.get(chart_id)?.chart;
  }

  /**
   * Give a chart up: nothing more is sent for it, its drawing goes. One that is not known is nobody's loss.
   * @param {string} chart_id
   */
  unlisten(chart_id) {
    const entry = this.#entries.get(chart_id);
    if (entry === undefined) return;
    this.#entries.delete(chart_id);
    entry.view?.dispose();
    if (this.#isAsked(entry)) this.#client.send("mycharts", { type: "unlisten", chart_id });
  }

  /**
   * Draw all charts in other colours, for a page that turns dark or light.
   * @param {Palette} palette
   */
  setPalette(palette) {
    this.#palette = palette;
    for (const { view } of this.#entries.values()) view?.setPalette(palette);
  }

  /**
   * @param {Chart} chart
   * @param {HTMLElement | string} element
   */
  #view(chart, element) {
    const echarts = this.#echarts ?? /** @type {any} */ (globalThis).echarts;
    if (echarts === undefined) throw new Error("drawing needs ECharts: load it before, or pass it as `echarts`");
    const place = typeof element === "string" ? document.getElementById(element) : element;
    if (place === null) throw new Error(`the page has no element with the id ${element}`);
    return new ChartView(chart, place, {
      echarts,
      requestFrame: this.#requestFrame,
      ResizeObserver: this.#ResizeObserver,
      palette: this.#palette,
    });
  }

  #onUserInfo() {
    for (const entry of this.#entries.values()) this.#ask(entry);
  }

  /**
   * Once per connection, however often it is called; not before the server's first word on it.
   * @param {Entry} entry
   */
  #ask(entry) {
    if (this.#client.userinfo === null || this.#isAsked(entry)) return;
    entry.askedOn = this.#client.userinfo;
    entry.requestId = `chart-${(this.#requests += 1)}`;
    entry.chart.onRequested();
    this.#client.send("mycharts", wireRequest(entry.chart.request), entry.requestId);
  }

  /**
   * @param {Entry} entry
   * @returns {boolean} whether the server knows it on this connection
   */
  #isAsked({ askedOn }) {
    return askedOn !== null && askedOn === this.#client.userinfo;
  }

  /** @param {Render} render one for a chart that was given up is late, and ignored */
  #onRender(render) {
    if (render?.type !== "render") return;
    const entry = this.#entries.get(render.chart_id);
    entry?.chart.onRender(render);
    entry?.view?.invalidate();
  }

  /**
   * @param {RTError} error
   * @param {Message} [message]
   */
  #onError(error, message) {
    if (message?.id === undefined) return;
    for (const { chart, requestId } of this.#entries.values()) {
      if (requestId === message.id) chart.onError(error);
    }
  }
}

/** @param {ChartRequest} request */
function wireRequest({ chart_id, exchange, item, date, update, period, shape, indicators }) {
  return {
    type: "quote",
    chart_id,
    exchange,
    item,
    date,
    update: update ?? "dynamic",
    period: period ?? 0,
    shape: shape ?? "line",
    indicators: indicators ?? [],
  };
}
