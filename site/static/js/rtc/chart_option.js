/**
 * A chart's state as an option for ECharts' setOption. Pure: state, colours and height in, plain objects out.
 *
 * Every y axis has its panel: its own grid and x axis, the time labels under the lowest. All panels zoom together.
 */

/** @import { Chart, Changes } from "./chart.js" */
/** @import { Palette } from "./palette.js" */
/** @import { TooltipItem } from "./tooltip.js" */
import { labelling, labelOf, xAxis, yAxis } from "./chart_axis.js";
import { fullLabel } from "./label_format.js";
import { panelLayout } from "./panel_layout.js";
import { lastPriceLine, seriesStyle } from "./series_style.js";
import { tooltipHtml } from "./tooltip.js";

/** How many candles or bars are seen at first: more of them would be too thin to read. */
const VISIBLE_BARS = 160;

const LEFT_PX = 14;
const RIGHT_PX = 62;

/**
 * The whole picture.
 * @param {Chart} chart
 * @param {Palette} palette
 * @param {number} heightPx
 * @returns {object}
 */
export function wholeOption(chart, palette, heightPx) {
  const axes = chart.yAxis.map((_, index) => index);
  return {
    animation: false,
    backgroundColor: "transparent",
    textStyle: { fontFamily: "system-ui, sans-serif", color: palette.text },
    color: palette.series,
    legend: legend(chart, palette),
    title: titles(chart, palette, heightPx),
    tooltip: tooltip(chart, palette),
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: grids(chart, heightPx),
    xAxis: axes.map((index) => xAxis(index, axes.length, chart.labels(), palette)),
    yAxis: axes.map((index) => yAxis(index, startsAtZero(chart, index), palette)),
    dataZoom: zooms(axes, palette, zoomWindow(chart)),
    series: chart.series.map((series, index) => ({
      ...seriesStyle(series, index, palette),
      data: chart.drawing(index),
      ...(index === 0 && lastPriceLine(series, palette)),
    })),
  };
}

/**
 * What has changed in a picture that is already drawn.
 * @param {Chart} chart
 * @param {Changes} changes
 * @param {Palette} palette
 * @param {boolean} isFollowing whether the newest points are to stay in view
 * @returns {object}
 */
export function updateOption(chart, changes, palette, isFollowing) {
  const series = changes.series.map((index) => ({
    id: String(index),
    data: chart.drawing(index),
    ...(index === 0 && lastPriceLine(chart.series[0], palette)),
  }));
  if (!changes.labels) return { series };
  const labels = chart.labels();
  const update = { series, xAxis: chart.yAxis.map((_, index) => ({ id: `x${index}`, ...labelling(labels) })) };
  if (!isFollowing) return update;
  const window = zoomWindow(chart);
  return { ...update, dataZoom: ["inside", "slider"].map((id) => ({ id, ...window })) };
}

/**
 * The panels' places in a chart of another height.
 * @param {Chart} chart
 * @param {Palette} palette
 * @param {number} heightPx
 */
export function layoutOption(chart, palette, heightPx) {
  return { grid: grids(chart, heightPx), title: titles(chart, palette, heightPx) };
}

/**
 * What a drawn picture must share with the next one to be updated by `updateOption` instead of being drawn anew.
 * @param {Chart} chart
 * @returns {string}
 */
export function structureOf({ legends, yAxis, series }) {
  return JSON.stringify([legends, yAxis, series.map(({ name, type, yAxisIndex }) => [name, type, yAxisIndex])]);
}

/** @param {Chart} chart */
function zoomWindow(chart) {
  const hasBars = chart.series.some(({ type }) => type === "candlestick" || type === "bar");
  const count = chart.labels().length;
  if (!hasBars || count <= VISIBLE_BARS) return { start: 0, end: 100 };
  return { startValue: count - VISIBLE_BARS, endValue: count - 1 };
}

/**
 * Bars are read by their length, so their axis starts at zero; only where they stand for prices would that hide every
 * movement.
 * @param {Chart} chart
 * @param {number} panel
 */
function startsAtZero({ series }, panel) {
  return panel > 0 && series.some(({ type, yAxisIndex }) => yAxisIndex === panel && type === "bar");
}

/**
 * @param {Chart} chart
 * @param {Palette} palette
 */
function legend({ legends, series }, { muted }) {
  return {
    type: "scroll",
    top: 6,
    left: LEFT_PX,
    right: RIGHT_PX,
    itemWidth: 14,
    itemHeight: 8,
    icon: "roundRect",
    textStyle: { color: muted, fontSize: 12 },
    data: legends.length > 0 ? legends : series.map(({ name }) => name),
  };
}

/**
 * The name of each panel below the first, inside its gap.
 * @param {Chart} chart
 * @param {Palette} palette
 * @param {number} heightPx
 */
function titles({ yAxis }, { muted }, heightPx) {
  const panels = panelLayout(heightPx, yAxis.length).slice(1);
  return panels.map(({ top }, index) => ({
    text: yAxis[index + 1].name,
    left: LEFT_PX,
    top: top - 17,
    padding: 0,
    textStyle: { color: muted, fontSize: 11, fontWeight: "normal" },
  }));
}

/**
 * @param {Chart} chart
 * @param {Palette} palette
 */
function tooltip(chart, palette) {
  const { surface, axis, text, muted } = palette;
  return {
    trigger: "axis",
    confine: true,
    transitionDuration: 0,
    backgroundColor: surface,
    borderColor: axis,
    borderWidth: 1,
    padding: [8, 10],
    textStyle: { color: text, fontSize: 12 },
    formatter: (/** @type {TooltipItem[]} */ items) =>
      tooltipHtml(fullLabel(labelOf(items[0].axisValue, chart.labels())), items, palette),
    axisPointer: {
      type: "cross",
      animation: false,
      lineStyle: { color: muted, width: 1, type: "dashed" },
      crossStyle: { color: muted, width: 1, type: "dashed" },
    },
  };
}

/**
 * @param {Chart} chart
 * @param {number} heightPx
 */
function grids({ yAxis }, heightPx) {
  return panelLayout(heightPx, yAxis.length).map((panel, index) => ({
    id: `grid${index}`,
    left: LEFT_PX,
    right: RIGHT_PX,
    outerBoundsMode: "none",
    ...panel,
  }));
}

/**
 * Dragging moves, the slider zooms, and so does the wheel with Ctrl: without it a wheel scrolls the page.
 * @param {number[]} xAxisIndex
 * @param {Palette} palette
 * @param {object} window
 */
function zooms(xAxisIndex, { axis, grid, muted, volume }, window) {
  const slider = {
    bottom: 8,
    left: LEFT_PX,
    right: RIGHT_PX,
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
    { id: "inside", type: "inside", xAxisIndex, zoomOnMouseWheel: "ctrl", ...window },
    { id: "slider", type: "slider", xAxisIndex, ...slider, ...window },
  ];
}
