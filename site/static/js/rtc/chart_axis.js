/** The axes of a chart's panels, as parts of an ECharts option. The panels share one x axis, drawn once for each. */

/** @import { Label } from "./chart.js" */
/** @import { Palette } from "./palette.js" */
import { axisLabelFormat, fullNumber, shortNumber } from "./label_format.js";

/**
 * @param {number} index of the panel
 * @param {number} count of panels
 * @param {Label[]} labels
 * @param {Palette} palette
 * @returns {object}
 */
export function xAxis(index, count, labels, { axis, muted }) {
  const { data, axisLabel } = labelling(labels);
  const look = { color: muted, fontSize: 11, hideOverlap: true, alignMinLabel: "left", alignMaxLabel: "right" };
  return {
    id: `x${index}`,
    type: "category",
    gridIndex: index,
    data,
    axisLine: { lineStyle: { color: axis } },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: { ...axisLabel, ...look, show: index === count - 1 },
    axisPointer: { label: { show: false } },
  };
}

/**
 * The part of an x axis that follows its labels.
 * @param {Label[]} labels
 */
export function labelling(labels) {
  const format = axisLabelFormat(labels);
  return {
    data: labels.map(String),
    axisLabel: { formatter: (/** @type {string} */ text) => format(labelOf(text, labels)) },
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
 * @param {Palette} palette
 * @returns {object}
 */
export function yAxis(index, startsAtZero, { grid, muted, text, surface, axis }) {
  return {
    id: `y${index}`,
    type: "value",
    gridIndex: index,
    position: "right",
    scale: !startsAtZero,
    splitNumber: index === 0 ? 5 : 2,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: muted, fontSize: 11, hideOverlap: true, formatter: shortNumber },
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
        formatter: (/** @type {{value: number}} */ { value }) => fullNumber(Number(value.toPrecision(6))),
      },
    },
  };
}
