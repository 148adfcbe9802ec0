/**
 * Box beside the pointer: one heading for all panels, a line for each series that has a value there.
 *
 * Names come from producers, so they are set as text. Elements are made, not parsed: a page's Content-Security-Policy needs
 * to allow neither style attributes nor strings as HTML for them.
 */

/** @import { Palette } from "./palette.js" */
/**
 * @typedef {object} TooltipItem The part of what ECharts passes for each series that is used.
 * @property {number} seriesIndex
 * @property {string} [seriesId]
 * @property {string} seriesName
 * @property {string} seriesType
 * @property {number[]} value `[place on the axis, value, ...]`; NaN for no value
 * @property {string} color
 * @property {string} axisValue the label's text
 */

/** @typedef {(value: number, item: TooltipItem) => string} NumberFormat */

const CANDLE_VALUES = ["O", "C", "L", "H"];

/**
 * @param {string} heading
 * @param {TooltipItem[]} items of all panels, in any order
 * @param {NumberFormat} format
 * @param {Palette} palette
 * @returns {HTMLElement[]} the heading and the lines
 */
export function tooltipElements(heading, items, format, { muted }) {
  const lines = [...items]
    .sort((one, other) => one.seriesIndex - other.seriesIndex)
    .filter(({ value }) => Number.isFinite(value[1]))
    .map((item) => line(item, format, muted));
  // A trading day goes into a line of its own: the box has to fit on a phone.
  const style = { color: muted, marginBottom: "4px", maxWidth: "230px", whiteSpace: "normal" };
  return [element("div", style, heading), ...lines];
}

/**
 * @param {TooltipItem} item
 * @param {NumberFormat} format
 * @param {string} muted
 */
function line(item, format, muted) {
  const { seriesName, seriesType, value, color } = item;
  const number = (/** @type {number} */ each) => bold(Number.isNaN(each) ? "" : format(each, item));
  const dot = element("span", { width: "8px", height: "8px", borderRadius: "2px", background: color });
  const name = element("span", { flex: "1", paddingRight: "14px" }, seriesName);
  const text = seriesType === "candlestick" ? candle(value.slice(1).map(number), muted) : number(value[1]);
  return element("div", { display: "flex", alignItems: "center", gap: "6px", lineHeight: "1.6" }, dot, name, text);
}

/**
 * @param {HTMLElement[]} numbers
 * @param {string} muted
 */
function candle(numbers, muted) {
  const part = (/** @type {string} */ letter, /** @type {number} */ index) =>
    element("span", {}, element("span", { color: muted }, letter), " ", numbers[index]);
  // Two by two, so that long prices fit on a phone.
  const style = { display: "grid", gridTemplateColumns: "auto auto", columnGap: "10px", textAlign: "right" };
  return element("span", style, ...CANDLE_VALUES.map(part));
}

/** @param {string} number */
function bold(number) {
  return element("b", { fontVariantNumeric: "tabular-nums" }, number);
}

/**
 * @param {string} name
 * @param {Partial<CSSStyleDeclaration>} style
 * @param {...(Node | string)} children strings are text
 */
function element(name, style, ...children) {
  const made = document.createElement(name);
  Object.assign(made.style, style);
  made.append(...children);
  return made;
}
