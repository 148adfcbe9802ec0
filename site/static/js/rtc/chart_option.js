/**
 * A chart's state as an option for ECharts' setOption. Pure: state, colours and height in, plain objects out.
 *
 * Every y axis has its panel: its own grid and x axis, the time labels under the lowest. All panels zoom together.
 */

/** @import { Chart } from "./chart.js" */
/** @import { Changes } from "./chart_rows.js" */
/** @import { Palette } from "./palette.js" */
/** @import { TooltipItem } from "./tooltip.js" */
/** @import { Percent } from "./zoom_place.js" */
import { labelling, labelOf, xAxis, yAxis } from "./chart_axis.js";
import { firstWindow, zooms } from "./chart_zoom.js";
import { plainNumber } from "./number_format.js";
import { LEFT_PX, panelLayout, rightPx } from "./panel_layout.js";
import { drawnAxes } from "./panels.js";
import { seriesStyle } from "./series_style.js";
import { tooltipElements } from "./tooltip.js";

const NO_DATA = "No data yet";

/**
 * The whole picture.
 * @param {Chart} chart
 * @param {Palette} palette
 * @param {number} heightPx
 * @param {Percent | null} [window] the part of the x axis to be seen; null for what is seen at first
 * @returns {object}
 */
export function wholeOption(chart, palette, heightPx, window = null) {
  const axes = drawnAxes(chart);
  const panels = [...axes.keys()];
  return {
    animation: false,
    backgroundColor: "transparent",
    textStyle: { fontFamily: "system-ui, sans-serif", color: palette.text },
    color: palette.series,
    legend: legend(chart, axes, palette),
    title: titles(chart, axes, palette, heightPx),
    tooltip: tooltip(chart, palette),
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: grids(chart, axes, heightPx),
    xAxis: panels.map((panel) => xAxis(panel, panels.length, chart, palette)),
    yAxis: axes.map((axis, panel) => yAxis(panel, startsAtZero(chart, axis), axis === 0 ? chart.prices : null, palette)),
    dataZoom: zooms(chart, panels, palette, window ?? firstWindow(chart)),
    series: drawnSeries(chart, axes).map((index) => {
      const series = chart.series[index];
      return { ...seriesStyle(series, index, axes.indexOf(series.yAxisIndex), palette), data: chart.drawing(index) };
    }),
  };
}

/**
 * Changes to a picture that is already drawn.
 * @param {Chart} chart
 * @param {Changes} changes
 * @param {Percent | null} window as for `wholeOption`
 * @returns {object}
 */
export function updateOption(chart, changes, window) {
  const axes = drawnAxes(chart);
  const series = drawnSeries(chart, axes)
    .filter((index) => changes.series.includes(index))
    .map((index) => ({ id: String(index), data: chart.drawing(index) }));
  if (!changes.labels) return { series };
  const seen = window ?? firstWindow(chart);
  return {
    series,
    xAxis: [...axes.keys()].map((panel) => ({ id: `x${panel}`, ...labelling(chart) })),
    dataZoom: ["inside", "slider"].map((id) => ({ id, ...seen })),
  };
}

/**
 * The panels' places in a chart of another height.
 * @param {Chart} chart
 * @param {Palette} palette
 * @param {number} heightPx
 */
export function layoutOption(chart, palette, heightPx) {
  const axes = drawnAxes(chart);
  return { grid: grids(chart, axes, heightPx), title: titles(chart, axes, palette, heightPx) };
}

/**
 * Traits that a drawn picture must share with the next one to be updated by `updateOption` instead of being drawn anew.
 * @param {Chart} chart
 * @returns {string}
 */
export function structureOf(chart) {
  const { legends, yAxis, series, prices } = chart;
  const parts = series.map(({ name, type, yAxisIndex }) => [name, type, yAxisIndex]);
  return JSON.stringify([legends, yAxis, parts, drawnAxes(chart), prices.decimals, rightPx(chart.prices), isEmpty(chart)]);
}

/**
 * @param {Chart} chart
 * @param {number[]} axes that are drawn
 * @returns {number[]} the indexes of the series in their panels
 */
function drawnSeries({ series }, axes) {
  return [...series.keys()].filter((index) => axes.includes(series[index].yAxisIndex));
}

/** @param {Chart} chart */
function isEmpty({ axis }) {
  return axis.first === axis.end;
}

/**
 * Bars are read by their length, so their axis starts at zero; only where they stand for prices would that hide every
 * movement.
 * @param {Chart} chart
 * @param {number} axis
 */
function startsAtZero({ series }, axis) {
  return axis > 0 && series.some(({ type, yAxisIndex }) => yAxisIndex === axis && type === "bar");
}

/**
 * @param {Chart} chart
 * @param {number[]} axes that are drawn
 * @param {Palette} palette
 */
function legend(chart, axes, { muted }) {
  const { legends, series } = chart;
  const names = drawnSeries(chart, axes).map((index) => series[index].name);
  return {
    type: "scroll",
    top: 6,
    left: LEFT_PX,
    right: rightPx(chart.prices),
    itemWidth: 14,
    itemHeight: 8,
    icon: "roundRect",
    // Without a height of its own ECharts cuts the text of a legend that scrolls to the height of its icon.
    textStyle: { color: muted, fontSize: 12, lineHeight: 16 },
    data: legends.length > 0 ? legends.filter((name) => names.includes(name)) : names,
  };
}

/**
 * The name of each panel below the first, inside its gap; in a chart without data the words for that.
 * @param {Chart} chart
 * @param {number[]} axes that are drawn
 * @param {Palette} palette
 * @param {number} heightPx
 */
function titles(chart, axes, { muted }, heightPx) {
  const [main, ...others] = panelLayout(heightPx, axes.length);
  const textStyle = { color: muted, fontSize: 11, fontWeight: "normal" };
  const names = others.map(({ top }, index) => ({
    text: chart.yAxis[axes[index + 1]].name,
    left: LEFT_PX,
    top: top - 17,
    padding: 0,
    textStyle,
  }));
  if (!isEmpty(chart)) return names;
  return [...names, { text: NO_DATA, left: "center", top: main.top + main.height / 2 - 8, textStyle: { ...textStyle, fontSize: 13 } }];
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
    formatter: (/** @type {TooltipItem[]} */ items) => {
      const heading = chart.labelFormat().full(labelOf(items[0].axisValue, chart.labels()));
      return tooltipElements(heading, items, (value, item) => numberOf(chart, value, item), palette);
    },
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
 * @param {number} value
 * @param {TooltipItem} item of a series, whose id is its index in the chart
 */
function numberOf({ series, prices }, value, { seriesId }) {
  if (seriesId === "0") return prices.format(value);
  return series[Number(seriesId)]?.yAxisIndex === 0 ? prices.formatAverage(value) : plainNumber(value);
}

/**
 * @param {Chart} chart
 * @param {number[]} axes that are drawn
 * @param {number} heightPx
 */
function grids(chart, axes, heightPx) {
  return panelLayout(heightPx, axes.length).map((panel, index) => ({
    id: `grid${index}`,
    left: LEFT_PX,
    right: rightPx(chart.prices),
    outerBoundsMode: "none",
    ...panel,
  }));
}
