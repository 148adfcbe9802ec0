/**
 * A drawn chart in words, for who cannot see it: the element is an image whose name says last price, change and range.
 *
 * It is brought up to date every few seconds at most: nobody listens to every tick.
 */

/** @import { Chart } from "./chart.js" */
/** @import { Clock } from "./clock.js" */
import { formatNumber } from "./number_format.js";
import { ageText } from "./quote_age.js";

const PAUSE_MS = 3000;

/** @typedef {Pick<HTMLElement, "getAttribute" | "setAttribute" | "removeAttribute">} Named */

export class TextAlternative {
  #element;
  #chart;
  #clock;
  #name;
  /** @type {(() => void)[]} */
  #undo;
  /** @type {any} the timer, in the pause after each text */
  #pause = null;
  #isOld = false;
  /** The name as it was last written. */
  #text = "";

  /**
   * @param {Named} element a name that the page has given it stays in front of the text
   * @param {Chart} chart
   * @param {Clock} clock
   */
  constructor(element, chart, clock) {
    this.#element = element;
    this.#chart = chart;
    this.#clock = clock;
    this.#name = element.getAttribute("aria-label") ?? chart.request.item;
    const restoreName = restorer(element, "aria-label");
    this.#undo = [restorer(element, "role"), () => this.#isNamed() && restoreName()];
    element.setAttribute("role", "img");
    this.#write();
  }

  /** The chart may have changed. */
  update() {
    this.#isOld = true;
    if (this.#pause === null) this.#say();
  }

  /** Leave the element as the page made it: with the name that it has for the next chart, if it has given one. */
  dispose() {
    this.#clock.clearTimeout(this.#pause);
    for (const undo of this.#undo) undo();
  }

  #say() {
    this.#pause = null;
    if (!this.#isOld) return;
    this.#isOld = false;
    this.#write();
    if (this.#chart.series.length === 0) return; // the first picture is told at once
    this.#pause = this.#clock.setTimeout(() => this.#say(), PAUSE_MS);
  }

  #write() {
    this.#text = `${this.#name}: ${describe(this.#chart)}`;
    this.#element.setAttribute("aria-label", this.#text);
  }

  #isNamed() {
    return this.#element.getAttribute("aria-label") === this.#text;
  }
}

/**
 * @param {Chart} chart
 * @returns {string} a sentence without the chart's name
 */
export function describe(chart) {
  const summary = chart.summary();
  if (summary === null) return "no data yet";
  const { last, change, percent, low, high, since } = summary;
  const { prices, age, older } = chart;
  const old = ageText(age) === "" ? "" : ` (${ageText(age)})`;
  const share = percent === null ? "" : ` (${percent > 0 ? "+" : ""}${formatNumber(percent, 2)} %)`;
  const range = `between ${prices.format(low)} and ${prices.format(high)}`;
  return `last price ${prices.format(last)}${old}, change ${prices.formatChange(change)}${share}, ${range} since ${chart.labelFormat().full(since)}${older.isLoading ? "; loading older points" : ""}`;
}

/**
 * @param {Named} element
 * @param {string} attribute
 * @returns {() => void} gives it its present value back
 */
function restorer(element, attribute) {
  const value = element.getAttribute(attribute);
  return () => (value === null ? element.removeAttribute(attribute) : element.setAttribute(attribute, value));
}
