/** The axes of a chart's panels, as parts of an ECharts option. The panels share one x axis, drawn once for each. */

/** @import { Label } from "./chart.js" */
/** @import { Chart } from "./chart.js" */
/** @import { Palette } from "./palette.js" */
/** @import { PriceScale } from "./price_scale.js" */
import { plainNumber, shortNumber } from "./number_format.js";

/** A low panel has no room for the numbers at its ends, which ECharts would write over the others. */
const ENDS_HIDDEN = { showMinLabel: false, showMaxLabel: false };

/**
 * @param {number} index of the panel
 * @param {number} count of panels
 * @param {Chart} chart
 * @param {Palette} palette
 * @returns {object}
 */
export function xAxis(index, count, chart, { axis, muted }) {
  const { data, axisLabel, splitLine } = labelling(chart);
  // The first label gives way to none: the one behind it would reach over the edge.
  const atEnds = { showMinLabel: true, alignMinLabel: "left", alignMaxLabel: "right" };
  const look = { color: muted, fontSize: 11, hideOverlap: true, ...atEnds };
  return {
    id: `x${index}`,
    type: "category",
    gridIndex: index,
    data,
    axisLine: { lineStyle: { color: axis } },
    axisTick: { show: false },
    splitLine: { ...splitLine, showMinLine: false, showMaxLine: false, lineStyle: { color: axis, type: "dashed", opacity: 0.6 } },
    axisLabel: { ...axisLabel, ...look, show: index === count - 1 },
    axisPointer: { label: { show: false } },
  };
}

/**
 * The part of an x axis that follows its labels. A line across the panel is where another day begins.
 * @param {Chart} chart
 */
export function labelling(chart) {
  const labels = chart.labels();
  const { axis: format, dayStarts } = chart.labelFormat();
  const starts = dayStarts();
  return {
    data: labels.map(String),
    axisLabel: { formatter: (/** @type {string} */ text) => format(labelOf(text, labels)) },
    splitLine: { show: starts.size > 0, interval: (/** @type {number} */ place) => starts.has(place) },
  };
}

/**
 * ECharts knows the labels of an axis as texts only.
 * @param {string} text
 * @param {Label[]} labels of the same axis
 * @returns {Label}
 */
export function labelOf(text, labels) {
  return typeof labels[0] === "number" ? Number(text) : text;
}

/**
 * @param {number} index of the panel
 * @param {boolean} startsAtZero
 * @param {PriceScale | null} prices null where the numbers are no prices
 * @param {Palette} palette
 * @returns {object}
 */
export function yAxis(index, startsAtZero, prices, { grid, muted, text, surface, axis }) {
  const onAxis = prices === null ? shortNumber : (/** @type {number} */ value) => prices.format(value);
  const atPointer = prices === null ? (/** @type {number} */ value) => plainNumber(Number(value.toPrecision(4))) : onAxis;
  return {
    id: `y${index}`,
    type: "value",
    gridIndex: index,
    position: "right",
    scale: !startsAtZero,
    splitNumber: index === 0 ? 5 : 2,
    // Lines closer than what a price is shown with would have the same number.
    minInterval: prices === null ? null : 10 ** -prices.decimals,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: muted, fontSize: 11, hideOverlap: true, formatter: onAxis, ...(index > 0 && ENDS_HIDDEN) },
    splitLine: { lineStyle: { color: grid } },
    axisPointer: {
      label: {
        color: text,
        backgroundColor: surface,
        borderColor: axis,
        borderWidth: 1,
        shadowBlur: 0,
        fontSize: 11,
        padding: [4, 5],
        formatter: (/** @type {{value: number}} */ { value }) => atPointer(value),
      },
    },
  };
}
