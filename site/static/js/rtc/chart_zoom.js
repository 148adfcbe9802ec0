/** Zooms of an ECharts option: the part of the time axis that is seen at first, and the ways to change it. */

/** @import { Chart } from "./chart.js" */
/** @import { Palette } from "./palette.js" */
import { LEFT_PX, rightPx } from "./panel_layout.js";

/** Candles or bars that are seen at first: more of them would be too thin to read. */
const VISIBLE_BARS = 160;

/**
 * @param {Chart} chart
 * @returns {object} the newest bars, or all of a line; not what was asked for beyond the picture
 */
export function firstWindow(chart) {
  const [first, count] = [firstSeen(chart), chart.axis.length];
  return first === 0 ? { start: 0, end: 100 } : { startValue: first, endValue: count - 1 };
}

/**
 * @param {Chart} chart
 * @returns {boolean} whether its oldest point is to be seen at first
 */
export function showsAll(chart) {
  return firstSeen(chart) === 0;
}

/** @param {Chart} chart @returns {number} the place of the first label that is to be seen */
function firstSeen({ series, axis }) {
  const hasBars = series.some(({ type }) => type === "candlestick" || type === "bar");
  return Math.max(axis.older, hasBars ? axis.length - VISIBLE_BARS : 0);
}

/**
 * Dragging moves, the slider zooms, and so does the wheel with Ctrl: without it a wheel scrolls the page. A finger that
 * moves up or down scrolls the page, too: its move is the browser's, as far as the element's `touch-action` says so.
 * @param {Chart} chart
 * @param {number[]} xAxisIndex
 * @param {Palette} palette
 * @param {object} window
 */
export function zooms(chart, xAxisIndex, { axis, grid, muted, volume }, window) {
  const slider = {
    bottom: 8,
    left: LEFT_PX,
    right: rightPx(chart.prices),
    height: 14,
    borderColor: "transparent",
    backgroundColor: grid,
    fillerColor: volume,
    showDataShadow: false,
    showDetail: false,
    brushSelect: false,
    handleSize: "100%",
    handleStyle: { color: muted, borderColor: axis },
    moveHandleSize: 0,
  };
  return [
    { id: "inside", type: "inside", xAxisIndex, zoomOnMouseWheel: "ctrl", preventDefaultMouseMove: false, ...window },
    { id: "slider", type: "slider", xAxisIndex, ...slider, ...window },
  ];
}
