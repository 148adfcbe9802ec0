/**
 * The page's live charts: hands each render to its chart, and lets charts rest while the page is hidden.
 *
 * Decides which chart a render belongs to. When a chart is asked for is decided in subscription_list.js; what a render does
 * to the data is chart.js, what it looks like the view's.
 */

/** @import { RTClient } from "./rt_client.js" */
/** @import { ChartRequest, Render } from "./chart.js" */
/** @import { Clock } from "./clock.js" */
/** @import { VisibleDocument } from "./page_visibility.js" */
/** @import { ECharts } from "./chart_view.js" */
/** @import { Palette } from "./palette.js" */
/** @import { Message } from "./request_table.js" */
/** @import { Subscription } from "./subscription_list.js" */
import { Chart } from "./chart.js";
import { ChartAges } from "./chart_ages.js";
import { ChartView } from "./chart_view.js";
import { browserClock } from "./clock.js";
import { DrawSchedule } from "./draw_schedule.js";
import { PageVisibility } from "./page_visibility.js";
import { preferredPalette } from "./palette.js";
import { State } from "./reconnecting_socket.js";
import { SubscriptionList } from "./subscription_list.js";
import { WireNames } from "./wire_names.js";
import { wireRequest } from "./wire_request.js";

const PAUSE_AFTER_MS = 5000;

/** @param {() => void} run */
const browserFrames = (run) => void requestAnimationFrame(run);

/**
 * @typedef {object} Entry
 * @property {Chart} chart
 * @property {ChartView | null} view null for a chart that only keeps data
 * @property {boolean} pauses whether it rests while nobody can see the page
 * @property {Subscription} subscription
 */

export class MyCharts {
  #client;
  #echarts;
  #schedule;
  #ResizeObserver;
  #IntersectionObserver;
  #points;
  #palette;
  #clock;
  #warn;
  #ages;
  #visibility;
  #subscriptions;
  /** @type {Map<string | number, Entry>} by chart_id */
  #entries = new Map();
  /** @type {WeakMap<Subscription, Entry>} */
  #subscribed = new WeakMap();
  /** @type {(() => void)[]} end what listens to the client */
  #ends;
  #isDisposed = false;

  /**
   * @param {RTClient} client
   * @param {object} [options]
   * @param {ECharts} [options.echarts] default: the global one, looked up when a chart with an element is asked for
   * @param {(run: () => void) => void} [options.requestFrame] charts that have the same one take turns
   * @param {typeof ResizeObserver} [options.ResizeObserver]
   * @param {typeof IntersectionObserver} [options.IntersectionObserver]
   * @param {number} [options.points] how many points of each series are kept
   * @param {Palette} [options.palette] the colours; default: as the browser prefers, light or dark
   * @param {number | null} [options.pauseAfterMs] how long the page has to be hidden until charts rest; null: they never do
   * @param {VisibleDocument} [options.document] default: the page's
   * @param {Clock} [options.clock]
   * @param {(text: string) => void} [options.warn] gets the refusal of a chart whose "error" nobody listens to; default: console.warn
   */
  constructor(client, options = {}) {
    this.#client = client;
    this.#echarts = options.echarts;
    this.#ResizeObserver = options.ResizeObserver ?? globalThis.ResizeObserver;
    this.#IntersectionObserver = options.IntersectionObserver ?? globalThis.IntersectionObserver;
    this.#points = options.points ?? 2000;
    this.#palette = options.palette ?? preferredPalette();
    this.#clock = options.clock ?? browserClock;
    this.#warn = options.warn ?? ((text) => console.warn(text));
    this.#ages = new ChartAges(this.#clock);
    this.#schedule = DrawSchedule.of(options.requestFrame ?? browserFrames, this.#clock);
    const { pauseAfterMs = PAUSE_AFTER_MS } = options;
    this.#visibility = new PageVisibility(
      { document: options.document ?? globalThis.document, clock: this.#clock, afterMs: pauseAfterMs },
      { hide: () => this.#pause(), show: () => this.#goOn() },
    );
    this.#subscriptions = new SubscriptionList(client, this.#clock, WireNames.of(client));
    this.#ends = [
      client.on("mycharts", (data, message) => this.#onRender(data, message)),
      client.on("state", (state, { silent_ms }) => this.#onState(state, silent_ms)),
      client.on("disposed", () => this.dispose()),
    ];
    if (client.state !== State.CLOSED) this.#visibility.start();
  }

  /**
   * Ask for a chart, now or as soon as there is a connection, and again on every new connection. A chart that had the
   * same `chart_id` is given up for it.
   *
   * While the page is hidden a drawn chart rests: nothing is sent for it, and one picture when the page is seen again.
   * One that only keeps data goes on, because a page may count on it to make a sound or to change its title.
   * @param {ChartRequest & {element?: HTMLElement | string, whileHidden?: "pause" | "keep"}} options `element`, or the id
   * of one: where to draw; `whileHidden`: for a chart that is to do otherwise
   * @returns {Chart}
   */
  request({ element, whileHidden, ...asked }) {
    this.#checkAlive();
    this.unlisten(asked.chart_id);
    const chart = new Chart(asked, this.#points);
    const view = element === undefined ? null : this.#view(chart, element);
    const pauses = (whileHidden ?? (view === null ? "keep" : "pause")) === "pause";
    const subscription = this.#subscribe(chart, pauses);
    /** @type {Entry} */
    const entry = { chart, view, pauses, subscription };
    this.#entries.set(chart.chart_id, entry);
    this.#subscribed.set(subscription, entry);
    this.#ages.add(chart);
    if (view !== null) chart.on("age", () => view.invalidate());
    subscription.ask();
    return chart;
  }

  /**
   * @param {string | number} chart_id
   * @returns {Chart | undefined} the chart of that id, if it was asked for and not given up
   */
  get(chart_id) {
    return this.#entries.get(chart_id)?.chart;
  }

  /**
   * Give a chart up: nothing more is sent for it, its drawing goes. One that is not known is nobody's loss.
   * @param {string | number} chart_id
   */
  unlisten(chart_id) {
    const entry = this.#entries.get(chart_id);
    if (entry === undefined) return;
    this.#entries.delete(chart_id);
    this.#ages.remove(entry.chart);
    entry.view?.dispose();
    this.#subscriptions.remove(entry.subscription);
  }

  /**
   * Have a chart sent more seldom, or more often, from now on: points are not left out, they come together.
   * @param {string | number} chart_id one that is not known is passed over
   * @param {number | null} max_rate updates a second; null: as fast as the server allows
   */
  setMaxRate(chart_id, max_rate) {
    this.#checkAlive();
    const entry = this.#entries.get(chart_id);
    if (entry === undefined) return;
    entry.chart.request.max_rate = max_rate;
    const { name, isAsked } = entry.subscription;
    if (isAsked) this.#client.send("mycharts", { type: "rate", chart_id: name, max_rate });
  }

  /**
   * Draw all charts in other colours, for a page that turns dark or light.
   * @param {Palette} palette
   */
  setPalette(palette) {
    this.#checkAlive();
    this.#palette = palette;
    for (const { view } of this.#entries.values()) view?.setPalette(palette);
  }

  /**
   * Give all charts up, with their drawings, and listen to nothing any more. What is asked for after that is an error.
   * The client goes on; its own `dispose` does this for all that listen to it.
   */
  dispose() {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const chart_id of [...this.#entries.keys()]) this.unlisten(chart_id);
    for (const end of this.#ends) end();
    this.#subscriptions.dispose();
    this.#visibility.stop();
  }

  /** Raises an error for one that was given up. */
  #checkAlive() {
    if (this.#isDisposed) throw new Error("this MyCharts was disposed of: make a new one");
  }

  /**
   * While the client is closed nothing outside refers to it or to its charts, so that a page may just forget both.
   * @param {string} state
   * @param {number} [silentMs]
   */
  #onState(state, silentMs) {
    this.#ages.onState(state, silentMs);
    if (state === State.CLOSED) {
      this.#visibility.stop();
    } else if (state === State.CONNECTING) {
      this.#visibility.start();
    }
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
      schedule: this.#schedule,
      ResizeObserver: this.#ResizeObserver,
      IntersectionObserver: this.#IntersectionObserver,
      palette: this.#palette,
      clock: this.#clock,
    });
  }

  /**
   * @param {Chart} chart
   * @param {boolean} pauses
   */
  #subscribe(chart, pauses) {
    return this.#subscriptions.add(chart.chart_id, {
      mayAsk: () => !(pauses && this.#visibility.isHidden),
      ask: (name, requestId) => {
        chart.onRequested();
        this.#client.send("mycharts", wireRequest(name, chart.request), requestId);
      },
      giveUp: (name) => void this.#client.send("mycharts", { type: "unlisten", chart_id: name }),
      onError: (error) => {
        if (!chart.onError(error)) this.#warn(`rtserver: chart ${JSON.stringify(chart.chart_id)} was refused, ${error.code}: ${error.message}`);
      },
    });
  }

  #goOn() {
    this.#ages.wake();
    this.#subscriptions.askForAll();
  }

  #pause() {
    this.#ages.rest();
    for (const { pauses, subscription } of this.#entries.values()) {
      if (pauses) subscription.giveUp();
    }
  }

  /**
   * @param {Render} render one for a chart that was given up is late, and ignored
   * @param {Message} [message]
   */
  #onRender(render, message) {
    if (render?.type !== "render") return;
    const subscription = this.#subscriptions.find(render.chart_id, message);
    const entry = subscription && this.#subscribed.get(subscription);
    if (subscription === undefined || entry === undefined) return;
    const { chart, view } = entry;
    if (!chart.onRender(subscription.name === chart.chart_id ? render : { ...render, chart_id: chart.chart_id })) return;
    this.#ages.onRender(chart, render);
    view?.invalidate();
    if (chart.hasGap) subscription.mend();
  }
}
