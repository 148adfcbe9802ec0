/**
 * The page's live charts: asks for them, hands each render to its chart, asks again after a reconnect, after a gap, and
 * when the page was hidden.
 *
 * Decides which chart a message belongs to, and which charts the server knows of. What a render does to the data is
 * chart.js, what it looks like the view's.
 */

/** @import { RTClient, UserInfo } from "./rt_client.js" */
/** @import { ChartRequest, Render } from "./chart.js" */
/** @import { Clock } from "./clock.js" */
/** @import { VisibleDocument } from "./page_visibility.js" */
/** @import { ECharts } from "./chart_view.js" */
/** @import { Palette } from "./palette.js" */
/** @import { RTError } from "./rt_error.js" */
/** @import { Message } from "./request_table.js" */
import { Chart } from "./chart.js";
import { ChartAges } from "./chart_ages.js";
import { ChartRefresh } from "./chart_refresh.js";
import { ChartView } from "./chart_view.js";
import { browserClock } from "./clock.js";
import { DrawSchedule } from "./draw_schedule.js";
import { PageVisibility } from "./page_visibility.js";
import { preferredPalette } from "./palette.js";
import { State } from "./reconnecting_socket.js";
import { WireNames } from "./wire_names.js";

const PAUSE_AFTER_MS = 5000;

/** @param {() => void} run */
const browserFrames = (run) => void requestAnimationFrame(run);

/**
 * @typedef {object} Entry
 * @property {Chart} chart
 * @property {string | number} name the chart's id on the wire
 * @property {ChartView | null} view null for a chart that only keeps data
 * @property {string} requestId marks the server's error about it
 * @property {UserInfo | null} askedOn the connection that the request last went out on; null while it is paused
 * @property {boolean} pauses whether it rests while nobody can see the page
 * @property {ChartRefresh} refresh
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
  #names;
  #isLagging = false;
  /** @type {Map<string | number, Entry>} by chart_id */
  #entries = new Map();
  /** @type {Map<string | number, Entry>} the same by their names on the wire */
  #named = new Map();
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
    this.#names = WireNames.of(client);
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
    this.#ends = [
      client.on("userinfo", () => this.#onUserInfo()),
      client.on("mycharts", (data, message) => this.#onRender(data, message)),
      client.on("notice", (data) => this.#onNotice(data)),
      client.on("error", (error, message) => this.#onError(error, message)),
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
    const refresh = new ChartRefresh(this.#clock, () => this.#askAgain(entry), this.#isLagging);
    const name = this.#names.take(chart.chart_id);
    /** @type {Entry} */
    const entry = { chart, name, view, requestId: "", askedOn: null, pauses, refresh };
    this.#entries.set(chart.chart_id, entry);
    this.#named.set(name, entry);
    this.#ages.add(chart);
    if (view !== null) chart.on("age", () => view.invalidate());
    this.#ask(entry);
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
    this.#named.delete(entry.name);
    this.#ages.remove(entry.chart);
    entry.view?.dispose();
    this.#giveUp(entry);
    this.#names.release(entry.name);
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
    if (this.#isAsked(entry)) this.#client.send("mycharts", { type: "rate", chart_id: entry.name, max_rate });
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
      for (const { refresh } of this.#entries.values()) refresh.cancel();
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

  #onUserInfo() {
    this.#setLagging(false); // the connection before this one may have lagged
    this.#askForAll();
  }

  #goOn() {
    this.#ages.wake();
    this.#askForAll();
  }

  #askForAll() {
    for (const entry of this.#entries.values()) this.#ask(entry);
  }

  /**
   * Once per connection, however often it is called; not before the server's first word on it, and not while it rests.
   * @param {Entry} entry
   */
  #ask(entry) {
    if (this.#client.userinfo === null || this.#isAsked(entry)) return;
    if (entry.pauses && this.#visibility.isHidden) return;
    entry.refresh.cancel();
    entry.askedOn = this.#client.userinfo;
    entry.requestId = this.#names.nextRequest();
    entry.chart.onRequested();
    this.#client.send("mycharts", wireRequest(entry), entry.requestId);
  }

  /**
   * The server puts the new request in the place of the one that it knows.
   * @param {Entry} entry
   */
  #askAgain(entry) {
    entry.askedOn = null;
    this.#ask(entry);
  }

  #pause() {
    this.#ages.rest();
    for (const entry of this.#entries.values()) {
      if (entry.pauses) this.#giveUp(entry);
    }
  }

  /** @param {Entry} entry */
  #giveUp(entry) {
    entry.refresh.cancel();
    if (this.#isAsked(entry)) this.#client.send("mycharts", { type: "unlisten", chart_id: entry.name });
    entry.askedOn = null;
  }

  /**
   * @param {Entry} entry
   * @returns {boolean} whether the server knows it on this connection
   */
  #isAsked({ askedOn }) {
    return askedOn !== null && askedOn === this.#client.userinfo;
  }

  /**
   * @param {Render} render one for a chart that was given up is late, and ignored
   * @param {Message} [message] a picture has the id of the request that it answers
   */
  #onRender(render, message) {
    if (render?.type !== "render") return;
    const entry = this.#named.get(render.chart_id);
    if (entry === undefined || (message?.id ?? entry.requestId) !== entry.requestId) return;
    const { chart, name } = entry;
    if (!chart.onRender(name === chart.chart_id ? render : { ...render, chart_id: chart.chart_id })) return;
    this.#ages.onRender(chart, render);
    entry.view?.invalidate();
    if (entry.chart.hasGap && this.#isAsked(entry)) entry.refresh.want();
  }

  /** @param {{code?: string, lagging?: boolean} | null} data */
  #onNotice(data) {
    if (data?.code === "lag") this.#setLagging(Boolean(data.lagging));
  }

  /** @param {boolean} isLagging */
  #setLagging(isLagging) {
    this.#isLagging = isLagging;
    for (const { refresh } of this.#entries.values()) {
      if (isLagging) refresh.hold();
      else refresh.release();
    }
  }

  /**
   * @param {RTError} error
   * @param {Message} [message]
   */
  #onError(error, message) {
    if (message?.id === undefined) return;
    for (const { chart, requestId, refresh } of this.#entries.values()) {
      if (requestId !== message.id) continue;
      // Many tabs that come back at once may ask for more than one user may have in a second.
      if (error.code === "rate_limited") refresh.retry();
      if (!chart.onError(error)) this.#warn(`rtserver: chart ${JSON.stringify(chart.chart_id)} was refused, ${error.code}: ${error.message}`);
    }
  }
}

/** @param {Entry} entry */
function wireRequest({ name, chart }) {
  const { exchange, item, date, update, period, shape, indicators, max_rate } = chart.request;
  return {
    type: "quote",
    chart_id: name,
    exchange,
    item,
    date,
    update: update ?? "dynamic",
    period: period ?? 0,
    shape: shape ?? "line",
    indicators: indicators ?? [],
    max_rate,
  };
}
