/**
 * The page as charts see it: its drawings, what of them is on the screen, and whether anybody can see the page.
 *
 * Makes the entry of a chart that is placed on it. Which data the chart has is not its business.
 */

/** @import { Clock } from "./clock.js" */
/** @import { ECharts } from "./chart_view.js" */
/** @import { VisibleDocument } from "./page_visibility.js" */
/** @import { Palette } from "./palette.js" */
/** @import { View, ViewTools } from "./view.js" */
import { ChartEntry } from "./chart_entry.js";
import { ChartView } from "./chart_view.js";
import { DrawSchedule } from "./draw_schedule.js";
import { PageVisibility } from "./page_visibility.js";
import { ScreenWatch } from "./screen_watch.js";

const PAUSE_AFTER_MS = 5000;
const LINGER_MS = 5000;

/** @param {() => void} run */
const browserFrames = (run) => void requestAnimationFrame(run);

/** @typedef {new (chart: any, element: HTMLElement, tools: ViewTools) => View} ViewClass */
/**
 * @typedef {object} StageOptions
 * @property {ECharts} [echarts] default: the global one, looked up when something is drawn with it
 * @property {(run: () => void) => void} [requestFrame] charts that have the same one take turns
 * @property {typeof ResizeObserver} [ResizeObserver]
 * @property {typeof IntersectionObserver} [IntersectionObserver]
 * @property {number | null} [pauseAfterMs] how long the page has to be hidden until charts rest; null: they never do
 * @property {boolean} [onScreenOnly] whether charts are asked for only while they are on the screen, or about to be
 * @property {number} [lingerMs] how long such a chart has to be off the screen until it is given up
 * @property {VisibleDocument} [document] default: the page's
 */
/**
 * @typedef {object} Placing Where a chart is, and when it is wanted.
 * @property {HTMLElement | string} [element] where to draw, or the id of that
 * @property {HTMLElement | string} [watch] the element that tells whether the chart is on the screen; default: `element`
 * @property {boolean} [onScreenOnly] default: as for all charts
 * @property {"pause" | "keep"} [whileHidden] default: a drawn chart pauses, one that only keeps data goes on
 */

export class Stage {
  #echarts;
  #clock;
  #observers;
  #schedule;
  #screen;
  #isOnScreenOnly;
  /** @type {Map<string, ViewClass>} by kind */
  #kinds = new Map();

  /**
   * @param {StageOptions} options
   * @param {Clock} clock
   * @param {(isHidden: boolean) => void} onVisibility the page has been hidden for long enough, or is seen again
   */
  constructor(options, clock, onVisibility) {
    this.#echarts = options.echarts;
    this.#clock = clock;
    this.#observers = {
      ResizeObserver: options.ResizeObserver ?? globalThis.ResizeObserver,
      IntersectionObserver: options.IntersectionObserver ?? globalThis.IntersectionObserver,
    };
    const { onScreenOnly = false, lingerMs = LINGER_MS, pauseAfterMs = PAUSE_AFTER_MS } = options;
    this.#schedule = DrawSchedule.of(options.requestFrame ?? browserFrames, clock);
    this.#screen = new ScreenWatch({ IntersectionObserver: this.#observers.IntersectionObserver, clock, lingerMs });
    this.#isOnScreenOnly = onScreenOnly;
    /** Whether anybody can see the page. */
    this.visibility = new PageVisibility(
      { document: options.document ?? globalThis.document, clock, afterMs: pauseAfterMs },
      { hide: () => onVisibility(true), show: () => onVisibility(false) },
    );
  }

  /**
   * @param {string} kind
   * @param {ViewClass} ViewClass
   */
  register(kind, ViewClass) {
    this.#kinds.set(kind, ViewClass);
  }

  /**
   * @template {import("./chart.js").Chart | import("./own_chart.js").OwnChart} C
   * @param {C} chart
   * @param {string | undefined} kind of its drawing; undefined: a quote's chart as ECharts draws it
   * @param {Placing} placing
   * @param {() => Palette} palette the colours at the moment
   * @param {Record<string, any>} [kept] of the drawing whose place it takes
   * @returns {ChartEntry<C>} Raises an error for a kind and for an element that there is not
   */
  place(chart, kind, { element, watch = element, onScreenOnly, whileHidden }, palette, kept = {}) {
    const pauses = (whileHidden ?? (element === undefined ? "keep" : "pause")) === "pause";
    return new ChartEntry(chart, {
      kind,
      kept,
      makeView: element === undefined ? null : this.#viewMaker(chart, kind, elementOf(element), () => this.#tools(palette(), kept)),
      watch: this.#watcher(watch, onScreenOnly),
      isHidden: () => pauses && this.visibility.isHidden,
    });
  }

  /**
   * @param {HTMLElement | string | undefined} element
   * @param {boolean | undefined} onScreenOnly
   */
  #watcher(element, onScreenOnly) {
    if (!(onScreenOnly ?? this.#isOnScreenOnly)) return null;
    if (element !== undefined) return this.#screen.watcherOf(elementOf(element));
    if (onScreenOnly) throw new Error("a chart that is wanted on the screen only needs an `element`, or one to `watch`");
    return null; // all charts of the page, where there is something to see of them
  }

  /**
   * @param {any} chart
   * @param {string | undefined} kind
   * @param {HTMLElement} element
   * @param {() => ViewTools} tools
   * @returns {() => View}
   */
  #viewMaker(chart, kind, element, tools) {
    const KindOfView = kind === undefined ? ChartView : this.#kinds.get(kind);
    if (KindOfView === undefined) throw new Error(`no View is registered for charts of the kind ${JSON.stringify(kind)}`);
    return () => new KindOfView(chart, element, tools());
  }

  /**
   * @param {Palette} palette
   * @param {Record<string, any>} kept
   * @returns {ViewTools}
   */
  #tools(palette, kept) {
    const given = this.#echarts;
    return {
      ...this.#observers,
      palette,
      kept,
      clock: this.#clock,
      schedule: this.#schedule,
      get echarts() {
        const echarts = given ?? /** @type {any} */ (globalThis).echarts;
        if (echarts === undefined) throw new Error("drawing needs ECharts: load it before, or pass it as `echarts`");
        return echarts;
      },
    };
  }
}

/**
 * @param {HTMLElement | string} element or the id of one
 * @returns {HTMLElement}
 */
function elementOf(element) {
  const found = typeof element === "string" ? document.getElementById(element) : element;
  if (found === null) throw new Error(`the page has no element with the id ${element}`);
  return found;
}
