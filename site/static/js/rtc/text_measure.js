/**
 * The widths of texts, for ECharts, measured on a canvas that is given up now and then.
 *
 * Chromium keeps what it has worked out about each text until the canvas paints, and one that only measures never
 * does: ECharts' own measuring canvas keeps more than a kilobyte for every price and every time that a page has shown.
 */

/** @typedef {{font: string, measureText: (text: string) => {width: number}}} TextContext The part of a 2D context that is used. */
/** @typedef {(text: string, font?: string) => {width: number}} MeasureText */

/** ECharts remembers about as many widths itself, so a new canvas is a rare thing. */
const TEXTS_OF_CANVAS = 500;
/** As ECharts' own. */
const DEFAULT_FONT = "12px sans-serif";

/** @type {WeakSet<object>} the ECharts that measure with one of these */
const EQUIPPED = new WeakSet();

export class TextMeasure {
  #makeContext;
  /** @type {TextContext | null} */
  #context = null;
  #font = "";
  #texts = 0;

  /** @param {() => TextContext} makeContext of a canvas of its own */
  constructor(makeContext) {
    this.#makeContext = makeContext;
  }

  /** @type {MeasureText} */
  measure = (text, font = DEFAULT_FONT) => {
    const context = this.#current();
    if (font !== this.#font) this.#font = context.font = font;
    this.#texts += 1;
    return context.measureText(text);
  };

  #current() {
    if (this.#context === null || this.#texts >= TEXTS_OF_CANVAS) {
      this.#context = this.#makeContext();
      [this.#font, this.#texts] = ["", 0];
    }
    return this.#context;
  }
}

/**
 * Have ECharts measure with a canvas of ours; one without `setPlatformAPI` stays as it is.
 * @param {{setPlatformAPI?: (api: {measureText: MeasureText}) => void}} echarts
 */
export function equip(echarts) {
  if (echarts.setPlatformAPI === undefined || EQUIPPED.has(echarts)) return;
  EQUIPPED.add(echarts);
  const context = () => /** @type {TextContext} */ (document.createElement("canvas").getContext("2d"));
  echarts.setPlatformAPI({ measureText: new TextMeasure(context).measure });
}
