/**
 * What is shown beside the pointer, as HTML: one heading for all panels, a line for each series that has a value there.
 *
 * Names come from producers, so they are escaped.
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
 * @returns {string}
 */
export function tooltipHtml(heading, items, format, { muted }) {
  const lines = [...items]
    .sort((one, other) => one.seriesIndex - other.seriesIndex)
    .filter(({ value }) => Number.isFinite(value[1]))
    .map((item) => line(item, format, muted));
  return `<div style="color:${muted};margin-bottom:4px">${escapeHtml(heading)}</div>${lines.join("")}`;
}

/**
 * @param {TooltipItem} item
 * @param {NumberFormat} format
 * @param {string} muted
 */
function line(item, format, muted) {
  const { seriesName, seriesType, value, color } = item;
  const number = (/** @type {number} */ each) => (Number.isNaN(each) ? "" : bold(format(each, item)));
  const dot = `<span style="width:8px;height:8px;border-radius:2px;background:${color}"></span>`;
  const name = `<span style="flex:1;padding-right:14px">${escapeHtml(seriesName)}</span>`;
  const text = seriesType === "candlestick" ? candleText(value.slice(1).map(number), muted) : number(value[1]);
  return `<div style="display:flex;align-items:center;gap:6px;line-height:1.6">${dot}${name}${text}</div>`;
}

/**
 * @param {string[]} numbers as HTML
 * @param {string} muted
 */
function candleText(numbers, muted) {
  const parts = CANDLE_VALUES.map((letter, index) => `<span><span style="color:${muted}">${letter}</span> ${numbers[index]}</span>`);
  // Two by two, so that long prices fit on a phone.
  return `<span style="display:grid;grid-template-columns:auto auto;column-gap:10px;text-align:right">${parts.join(" ")}</span>`;
}

/** @param {string} number */
function bold(number) {
  return `<b style="font-variant-numeric:tabular-nums">${number}</b>`;
}

/** @param {string} text */
function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
