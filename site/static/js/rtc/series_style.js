/** Looks of each type of series, as part of an ECharts option: thin lines, quiet volume, candles green and red. */

/** @import { Series } from "./series.js" */
/** @import { Palette } from "./palette.js" */

const VOLUME = "volume";

/**
 * @param {Series} series
 * @param {number} index of the series in its chart
 * @param {number} panel
 * @param {Palette} palette
 * @returns {object} the series' option without its data
 */
export function seriesStyle(series, index, panel, palette) {
  const color = palette.series[index % palette.series.length];
  return { ...placement(series, index, panel), ...look(series, index, color, palette) };
}

/**
 * @param {Series} series
 * @param {number} index
 * @param {number} panel
 */
function placement({ name, type }, index, panel) {
  return {
    id: String(index),
    name,
    type,
    xAxisIndex: panel,
    yAxisIndex: panel,
    dimensions: type === "candlestick" ? ["x", "open", "close", "lowest", "highest"] : ["x", "y"],
    encode: { x: 0, y: type === "candlestick" ? [1, 2, 3, 4] : 1 },
    emphasis: { disabled: true },
  };
}

/**
 * @param {Series} series
 * @param {number} index points of an indicator, above the prices, are small
 * @param {string} color
 * @param {Palette} palette
 */
function look({ name, type }, index, color, palette) {
  switch (type) {
    case "candlestick":
      return candleLook(palette);
    case "bar":
      return barLook(name, color, palette);
    case "scatter":
      return { symbolSize: index === 0 ? 5 : 3, itemStyle: { color, opacity: 0.8 } };
    default:
      return { showSymbol: false, sampling: "lttb", lineStyle: { width: 1.4, color }, itemStyle: { color } };
  }
}

/** @param {Palette} palette */
function candleLook({ up, down }) {
  return {
    barMaxWidth: 14,
    large: false, // else, of 600 or more, ECharts draws lines from low to high, without open and close
    itemStyle: { color: up, borderColor: up, color0: down, borderColor0: down },
  };
}

/** Bars of one colour are drawn as one path. */
const ONE_PATH = { barMaxWidth: 14, large: true, largeThreshold: 0 };

/**
 * Volume stays in the background; bars that may go below zero, such as a histogram, say so by their colour.
 * @param {string} name
 * @param {string} color
 * @param {Palette} palette
 */
function barLook(name, color, { volume, up, down }) {
  if (name === VOLUME) return { ...ONE_PATH, itemStyle: { color: volume } };
  if (!name.endsWith("/histogram")) return { ...ONE_PATH, itemStyle: { color, opacity: 0.75 } };
  const signed = (/** @type {{value: number[]}} */ { value }) => (value[1] < 0 ? down : up);
  return { barMaxWidth: 14, itemStyle: { color: signed, opacity: 0.75 } };
}
