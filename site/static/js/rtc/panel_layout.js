/** Places of a chart's panels, in pixels: one for the prices, and a small one below for each further y axis. */

/** @import { PriceScale } from "./price_scale.js" */

/** @typedef {{top: number, height: number}} Panel */

/** Above the panels is the legend, below them the time labels and the slider. */
const HEADER_PX = 34;
const FOOTER_PX = 52;
/** Beside the panels, to the left. */
export const LEFT_PX = 14;
/** To the right, for the longest price: at least so much, more by the character. */
const RIGHT_PX = 62;
const CHARACTER_PX = 6.6;
const LABEL_PADDING_PX = 16;
/** Between two panels, with room for the lower one's title. */
const GAP_PX = 22;
/** Height of the first panel, in heights of another one. */
const MAIN_WEIGHT = 3;

/**
 * @param {number} heightPx of the whole chart
 * @param {number} count of panels, at least 1
 * @returns {Panel[]} from top to bottom
 */
export function panelLayout(heightPx, count) {
  const room = Math.max(0, heightPx - HEADER_PX - FOOTER_PX - GAP_PX * (count - 1));
  const unit = room / (MAIN_WEIGHT + count - 1);
  const panels = [];
  let top = HEADER_PX;
  for (let index = 0; index < count; index += 1) {
    const height = index === 0 ? unit * MAIN_WEIGHT : unit;
    panels.push({ top: Math.round(top), height: Math.round(height) });
    top += height + GAP_PX;
  }
  return panels;
}

/**
 * @param {PriceScale} prices
 * @returns {number} the room to the right of the panels, for the numbers
 */
export function rightPx(prices) {
  return Math.max(RIGHT_PX, Math.ceil(prices.width * CHARACTER_PX) + LABEL_PADDING_PX);
}
