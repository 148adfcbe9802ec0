/**
 * The page's live charts: hands each render to its chart, and lets charts rest while nobody can see them.
 *
 * Decides which chart a render belongs to. When a chart is wanted is decided in chart_entry.js, when it is asked for in
 * subscription_list.js; what a render does to the data is chart.js, what it looks like the view's.
 */

/** @import { RTClient } from "./rt_client.js" */
/** @import { ChartRequest } from "./chart.js" */
/** @import { Clock } from "./clock.js" */
/** @import { OwnRequest } from "./own_chart.js" */
/** @import { Palette } from "./palette.js" */
/** @import { Message } from "./request_table.js" */
/** @import { Placing, StageOptions, ViewClass } from "./stage.js" */
/** @import { Subscription } from "./subscription_list.js" */
import { Chart } from "./chart.js";
import { ChartAges } from "./chart_ages.js";
import { ChartEntry } from "./chart_entry.js";
import { browserClock } from "./clock.js";
import { OwnChart } from "./own_chart.js";
import { preferredPalette } from "./palette.js";
import { QuoteFeed } from "./quote_feed.js";
import { State } from "./reconnecting_socket.js";
import { Stage } from "./stage.js";
import { SubscriptionList } from "./subscription_list.js";
import { MODULE_FEED, TopicFeed } from "./topic_feed.js";
import { WireNames } from "./wire_names.js";
import { haveSameRows, wireRequest } from "./wire_request.js";

const POINTS = 2000;
const MOST_POINTS = 20_000;

/**
 * @typedef {object} ChartsOptions
 * @property {number} [points] how many points of each series are kept
 * @property {number} [mostPoints] how many are kept at most where the reader asks for older ones
 * @property {Palette} [palette] the colours; default: as the browser prefers, light or dark
 * @property {Clock} [clock]
 * @property {(text: string) => void} [warn] gets the refusal of a chart whose "error" nobody listens to; default: console.warn
 */
export class MyCharts {
  #stage;
  #points;
  #ages;
  #subscriptions;
  /** @type {Map<string | number, ChartEntry>} by chart_id */
  #entries = new Map();
  /** @type {WeakMap<Subscription, ChartEntry<Chart>>} */
  #subscribed = new WeakMap();
  /** @type {(() => void)[]} end what listens to the client */
  #ends;
  #isDisposed = false;

  /**
   * @param {RTClient} client
   * @param {ChartsOptions & StageOptions} [options]
   */
  constructor(client, { points = POINTS, mostPoints = MOST_POINTS, palette, clock = browserClock, warn, ...stage } = {}) {
    this.client = client;
    this.clock = clock;
    this.palette = palette ?? preferredPalette();
    this.warn = warn ?? ((/** @type {string} */ text) => console.warn(text));
    this.#points = { kept: points, most: Math.max(points, mostPoints) };
    this.#ages = new ChartAges(clock);
    this.#stage = new Stage(stage, clock, (isHidden) => this.#onVisibility(isHidden));
    this.#subscriptions = new SubscriptionList(client, clock, WireNames.of(client));
    this.#ends = [
      client.on("mycharts", (data, message) => this.onMessage(data, message)),
      client.on("state", (state, { silent_ms }) => this.#onState(state, silent_ms)),
      client.on("disposed", () => this.dispose()),
    ];
    if (client.state !== State.CLOSED) this.#stage.visibility.start();
  }

  /**
   * Have charts of a kind drawn by a class of one's own.
   * @param {string} kind
   * @param {ViewClass} ViewClass that extends View
   */
  register(kind, ViewClass) {
    this.#stage.register(kind, ViewClass);
  }

  /**
   * Ask for a quote's chart, now or as soon as there is a connection, and again on every new connection. A chart that had
   * the same `chart_id` is given up for it; where both have the same rows, the reader goes on seeing the place that he chose.
   *
   * While the page is hidden a drawn chart rests: nothing is sent for it, and one picture when the page is seen again.
   * One that only keeps data goes on, because a page may count on it to make a sound or to change its title.
   * @param {ChartRequest & Placing & {kind?: string}} options `kind`: a registered one that draws it; default: as ECharts does
   * @returns {Chart}
   */
  request({ element, watch, onScreenOnly, whileHidden, kind, ...asked }) {
    this.#checkAlive();
    const before = this.#entries.get(asked.chart_id);
    this.unlisten(asked.chart_id);
    const { kept, most } = this.#points;
    const chart = new Chart(asked, Math.max(kept, Math.min(asked.count ?? 0, most)), {
      most,
      ask: (before, count) => feed.askOlder(before, count),
    });
    const entry = this.#stage.place(chart, kind, { element, watch, onScreenOnly, whileHidden }, () => this.palette, keptOf(before, chart, kind));
    /** @type {QuoteFeed} */
    const feed = new QuoteFeed(chart, {
      client: this.client,
      subscriptions: this.#subscriptions,
      mayAsk: () => entry.isWanted,
      toWire: (name) => this.wireRequest(name, asked),
      warn: this.warn,
    });
    this.#subscribed.set(feed.subscription, entry);
    for (const event of /** @type {const} */ (["age", "older"])) chart.on(event, () => entry.invalidate());
    this.#entries.set(chart.chart_id, entry);
    entry.start(feed, (isSeen) => (isSeen ? this.#ages.add(chart) : this.#ages.remove(chart)));
    return chart;
  }

  /**
   * Show a chart that is no quote's: what a service or a module of the server sends, drawn by the View of its kind.
   * @param {OwnRequest & Placing} options
   * @returns {OwnChart}
   */
  show({ chart_id, kind, service, request, max_rate, merge, ...placing }) {
    this.#checkAlive();
    this.unlisten(chart_id);
    const chart = new OwnChart(chart_id, kind, merge);
    const entry = this.#stage.place(chart, kind, placing, () => this.palette);
    chart.on("data", () => entry.invalidate());
    this.#entries.set(chart_id, entry);
    entry.start(service === undefined ? MODULE_FEED : new TopicFeed(chart, { service, request, max_rate }, this));
    return chart;
  }

  /**
   * @param {string | number} chart_id
   * @returns {any} the Chart or OwnChart of that id, if it was asked for and not given up
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
    if (entry.chart instanceof Chart) this.#ages.remove(entry.chart);
    entry.dispose();
  }

  /**
   * Have a quote's chart sent more seldom, or more often, from now on: points are not left out, they come together.
   * @param {string | number} chart_id one that is not known is passed over
   * @param {number | null} max_rate updates a second; null: as fast as the server allows
   */
  setMaxRate(chart_id, max_rate) {
    this.#checkAlive();
    const entry = this.#entries.get(chart_id);
    if (!(entry?.feed instanceof QuoteFeed && entry.chart instanceof Chart)) return;
    entry.chart.request.max_rate = max_rate;
    entry.feed.setRate(max_rate);
  }

  /**
   * Draw all charts in other colours, for a page that turns dark or light.
   * @param {Palette} palette
   */
  setPalette(palette) {
    this.#checkAlive();
    this.palette = palette;
    for (const entry of this.#entries.values()) entry.setPalette(palette);
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
    this.#stage.visibility.stop();
  }

  /**
   * For a subclass: the request for a quote's chart as it is sent.
   * @protected
   * @param {string | number} name of the chart on the wire
   * @param {ChartRequest} request
   * @returns {object}
   */
  wireRequest(name, request) {
    return wireRequest(name, request);
  }

  /**
   * For a subclass: a `mycharts` message has come. One for a chart that was given up is late, and ignored.
   * @protected
   * @param {any} data
   * @param {Message} [message]
   */
  onMessage(data, message) {
    if (data?.type === "session") this.#onSession(data);
    if (data?.type !== "render") return;
    if (data.kind === undefined) this.#onRender(data, message);
    else this.#onOwnRender(data);
  }

  /** Raises an error for one that was given up. */
  #checkAlive() {
    if (this.#isDisposed) throw new Error("this MyCharts was disposed of: make a new one");
  }

  /** @param {boolean} isHidden whether nobody can see the page */
  #onVisibility(isHidden) {
    if (isHidden) this.#ages.rest();
    else this.#ages.wake();
    for (const entry of this.#entries.values()) entry.update();
  }

  /**
   * While the client is closed nothing outside refers to it or to its charts, so that a page may just forget both.
   * @param {string} state
   * @param {number} [silentMs]
   */
  #onState(state, silentMs) {
    this.#ages.onState(state, silentMs);
    if (state === State.CLOSED) this.#stage.visibility.stop();
    else if (state === State.CONNECTING) this.#stage.visibility.start();
  }

  /**
   * @param {import("./chart.js").Render} render of a quote's chart
   * @param {Message} [message]
   */
  #onRender(render, message) {
    const subscription = this.#subscriptions.find(render.chart_id, message);
    const entry = subscription && this.#subscribed.get(subscription);
    if (subscription === undefined || entry === undefined) return;
    const { chart } = entry;
    if (!chart.onRender(subscription.name === chart.chart_id ? render : { ...render, chart_id: chart.chart_id })) return;
    this.#ages.onRender(chart, render);
    entry.invalidate();
    if (chart.hasGap) subscription.mend();
  }

  /** @param {import("./chart.js").Session} session of an exchange */
  #onSession(session) {
    for (const entry of this.#entries.values()) {
      const { chart } = entry;
      if (!(chart instanceof Chart) || chart.request.exchange !== session.exchange) continue;
      chart.onSession(session);
      this.#ages.onSession(chart);
      entry.invalidate();
    }
  }

  /** @param {{chart_id: string | number, kind: string, data: any}} render a module's: the whole state of a chart that is shown */
  #onOwnRender({ chart_id, kind, data }) {
    const chart = this.#entries.get(chart_id)?.chart;
    if (chart instanceof OwnChart && chart.kind === kind) chart.onSnapshot(data);
  }
}

/**
 * @param {ChartEntry | undefined} before the entry whose place is taken
 * @param {Chart} chart
 * @param {string | undefined} kind of its drawing
 * @returns {Record<string, any> | undefined} what its drawing takes over: a place in other rows would be another place
 */
function keptOf(before, chart, kind) {
  return before?.chart instanceof Chart && haveSameRows(before.chart.request, chart.request) ? before.keptFor(kind) : undefined;
}
