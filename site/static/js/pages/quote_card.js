/** One quote in the strip above the charts: last price, change, range. It is fed by a chart that is not drawn. */

import { ageText } from "../rtc/rtc.module.js";

/** @typedef {import("../rtc/rtc.module.js").Chart} Chart */

const PERCENT = new Intl.NumberFormat("en-US", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: "exceptZero",
});

const LONG = 9;

export class QuoteCard {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.price = element.querySelector('[data-role="price"]');
    this.change = element.querySelector('[data-role="change"]');
    this.percent = element.querySelector('[data-role="percent"]');
    this.low = element.querySelector('[data-role="low"]');
    this.age = element.querySelector('[data-role="age"]');
    this.high = element.querySelector('[data-role="high"]');
    this.element = element;
    /** @type {number | null} */
    this.last = null;
  }

  /**
   * Shows what a chart holds, as after a new picture.
   * @param {Pick<Chart, "summary" | "prices">} chart
   */
  show(chart) {
    const summary = chart.summary();
    if (summary === null) return;
    const { last, change, percent, low, high } = summary;
    this.last = last;
    this.price.textContent = chart.prices.format(last);
    this.change.textContent = chart.prices.formatChange(change);
    this.percent.textContent = percent === null ? "" : `${PERCENT.format(percent)} %`;
    this.low.textContent = chart.prices.format(low);
    this.high.textContent = chart.prices.format(high);
    // A phone has room for so many characters only.
    this.element.toggleAttribute("data-long", this.price.textContent.length > LONG);
    this.element.dataset.direction = change < 0 ? "down" : "up";
  }

  /**
   * The same, and a price that has moved lights up.
   * @param {Pick<Chart, "summary" | "prices">} chart
   */
  update(chart) {
    const before = this.last;
    this.show(chart);
    if (before !== null && this.last !== before) this.#flash(this.last > before ? "tick-up" : "tick-down");
  }

  /**
   * A price that has been silent for longer than usual is grey, and says how old it is; that of a closed market says so.
   * @param {Chart["age"]} age
   */
  showAge(age) {
    this.element.classList.toggle("is-stale", age.isStale);
    this.age.textContent = ageText(age);
  }

  /** Restarts the colour's fade: the class has to be gone for one layout before it counts again. */
  #flash(className) {
    this.price.classList.remove("tick-up", "tick-down");
    void this.price.offsetWidth;
    this.price.classList.add(className);
  }
}
