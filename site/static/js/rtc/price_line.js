/**
 * The newest price of a chart: a line across its first panel, with its number at the axis.
 *
 * It is two elements of its own above ECharts' drawing. So it follows the newest price for a twentieth of what a whole drawing
 * costs, and there is one line, never an older one beneath it. It stands on the scale that is drawn at the moment: while
 * the price is outside of that, it is not shown.
 */

/** @import { LastPrice } from "./last_price.js" */
/** @import { Panel } from "./panel_layout.js" */
import { LEFT_PX } from "./panel_layout.js";
import { LABEL_HEIGHT_PX, PriceLabel } from "./price_label.js";

const LABEL_DISTANCE_PX = 5;
/** No size or place of theirs depends on the page, and none of the page's on theirs. */
const LOOK = { position: "absolute", left: "0", top: "0", margin: "0", maxWidth: "none", pointerEvents: "none" };

export class PriceLine {
  #line;
  #label;
  #paper;

  /** @param {HTMLElement} drawing ECharts' own element, which has the drawing's size */
  constructor(drawing) {
    const page = drawing.ownerDocument;
    this.#line = page.createElement("div");
    this.#label = page.createElement("canvas");
    this.#paper = new PriceLabel(this.#label);
    for (const element of [this.#line, this.#label]) Object.assign(element.style, LOOK, { display: "none" });
    drawing.append(this.#line, this.#label);
  }

  /**
   * Show it at once.
   * @param {LastPrice | null} last null: there is none
   * @param {object} place in pixels
   * @param {number} place.y of the price
   * @param {Panel} place.panel the prices'
   * @param {number} place.width the drawing's
   * @param {number} place.right the room beside the panel
   * @param {string} textColor
   * @returns {boolean} whether it could be shown; not where the price is outside of what is drawn
   */
  show(last, { y, panel, width, right }, textColor) {
    const isShown = last !== null && y >= panel.top && y <= panel.top + panel.height;
    for (const element of [this.#line, this.#label]) element.style.display = isShown ? "block" : "none";
    if (!isShown) return false;
    const [top, end] = [Math.round(y), width - right];
    Object.assign(this.#line.style, {
      width: `${end - LEFT_PX}px`,
      borderTop: `1px dotted ${last.color}`,
      transform: `translate(${LEFT_PX}px, ${top}px)`,
    });
    this.#label.style.transform = `translate(${end + LABEL_DISTANCE_PX}px, ${top - LABEL_HEIGHT_PX / 2}px)`;
    this.#paper.paint({ text: last.text, color: last.color, textColor, widthPx: right - LABEL_DISTANCE_PX });
    return true;
  }
}
