/** One quote in the strip above the charts: last price, change, range. It is fed by a chart that is not drawn. */

const PRICE = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const SIGNED = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: "exceptZero",
});

/** A candle as it travels: label, open, close, low, high. */
/** @typedef {[string | number, number, number, number, number]} Candle */

export class QuoteCard {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.price = element.querySelector('[data-role="price"]');
    this.change = element.querySelector('[data-role="change"]');
    this.percent = element.querySelector('[data-role="percent"]');
    this.low = element.querySelector('[data-role="low"]');
    this.high = element.querySelector('[data-role="high"]');
    this.element = element;
    this.#forget();
  }

  /**
   * Starts over with the candles of a whole picture.
   * @param {Candle[]} candles
   */
  replace(candles) {
    this.#forget();
    for (const candle of candles) this.#take(candle);
    this.#draw();
  }

  /**
   * Goes on with candles that are new or have grown, oldest first.
   * @param {Candle[]} candles
   */
  update(candles) {
    const before = this.last;
    for (const candle of candles) this.#take(candle);
    this.#draw();
    if (before !== null && this.last !== before) this.#flash(this.last > before ? "tick-up" : "tick-down");
  }

  #forget() {
    this.first = null;
    this.last = null;
    this.lowest = Infinity;
    this.highest = -Infinity;
  }

  #take([, open, close, low, high]) {
    this.first ??= open;
    this.last = close;
    this.lowest = Math.min(this.lowest, low);
    this.highest = Math.max(this.highest, high);
  }

  #draw() {
    if (this.last === null) return;
    const change = this.last - this.first;
    this.price.textContent = PRICE.format(this.last);
    this.change.textContent = SIGNED.format(change);
    this.percent.textContent = `${SIGNED.format((change / this.first) * 100)} %`;
    this.low.textContent = PRICE.format(this.lowest);
    this.high.textContent = PRICE.format(this.highest);
    this.element.dataset.direction = change < 0 ? "down" : "up";
  }

  /** Restarts the colour's fade: the class has to be gone for one layout before it counts again. */
  #flash(className) {
    this.price.classList.remove("tick-up", "tick-down");
    void this.price.offsetWidth;
    this.price.classList.add(className);
  }
}
