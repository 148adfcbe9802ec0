/**
 * What is shown beside the pointer, as HTML: one heading for all panels, a line for each series that has a value there.
 *
 * Names come from producers, so they are escaped.
 */

/** @import { Palette } from "./palette.js" */
import { fullNumber } from "./label_format.js";

/**
 * @typedef {object} TooltipItem The part of what ECharts passes for each series that is used.
 * @property {number} seriesIndex
 * @property {string} seriesName
 * @property {string} seriesType
 * @property {(number | null)[]} value `[place on the axis, value, ...]`
 * @property {string} color
 * @property {string} axisValue the label's text
 */

const CANDLE_VALUES = ["O", "C", "L", "H"];

/**
 * @param {string} heading
 * @param {TooltipItem[]} items of all panels, in any order
 * @param {Palette} palette
 * @returns {string}
 */
export function tooltipHtml(heading, items, { muted }) {
  const lines = [...items]
    .sort((one, other) => one.seriesIndex - other.seriesIndex)
    .filter(({ value }) => typeof value[1] === "number")
    .map((item) => line(item, muted));
  return `<div style="color:${muted};margin-bottom:4px">${escapeHtml(heading)}</div>${lines.join("")}`;
}

/**
 * @param {TooltipItem} item
 * @param {string} muted
 */
function line({ seriesName, seriesType, value, color }, muted) {
  const dot = `<span style="width:8px;height:8px;border-radius:2px;background:${color}"></span>`;
  const name = `<span style="flex:1;padding-right:14px">${escapeHtml(seriesName)}</span>`;
  const text = seriesType === "candlestick" ? candleText(value, muted) : bold(value[1]);
  return `<div style="display:flex;align-items:center;gap:6px;line-height:1.6">${dot}${name}${text}</div>`;
}

/**
 * @param {(number | null)[]} value
 * @param {string} muted
 */
function candleText(value, muted) {
  const parts = CANDLE_VALUES.map((letter, index) => `<span style="color:${muted}">${letter}</span> ${bold(value[index + 1])}`);
  return `<span>${parts.join(" &nbsp;")}</span>`;
}

/** @param {number | null} value */
function bold(value) {
  return value === null ? "" : `<b style="font-variant-numeric:tabular-nums">${fullNumber(value)}</b>`;
}

/** @param {string} text */
function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
