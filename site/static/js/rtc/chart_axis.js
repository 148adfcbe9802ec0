/** The axes of a chart's panels, as parts of an ECharts option. The panels share one x axis, drawn once for each. */

/** @import { Label } from "./chart.js" */
/** @import { Palette } from "./palette.js" */
import { axisLabelFormat, fullLabel, fullNumber, shortNumber } from "./label_format.js";

/**
 * @param {number} index
 * @param {number} count
 * @param {Label[]} labels
 * @param {Palette} palette
 */
export function xAxis(index, count, labels, { axis, muted }) {
  const isLowest = index === count - 1;
  const { data, axisLabel, axisPointer } = labelling(index, labels);
  return {
    id: `x${index}`,
    type: "category",
    gridIndex: index,
    data,
    axisLine: { lineStyle: { color: axis } },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: { ...axisLabel, show: isLowest, color: muted, fontSize: 11, hideOverlap: true },
    axisPointer: { ...axisPointer, label: { ...axisPointer.label, show: false } },
  };
}

/**
 * The part of an x axis that follows its labels. ECharts heads each panel's part of the tooltip with the axis
 * pointer's text, so only the first panel has one.
 * @param {number} index
 * @param {Label[]} labels
 */
export function labelling(index, labels) {
  const asLabel = typeof labels[0] === "number" ? Number : String;
  const short = axisLabelFormat(labels);
  const heading = (/** @type {{value: string}} */ { value }) => (index === 0 ? fullLabel(asLabel(value)) : "");
  return {
    data: labels.map(String),
    axisLabel: { formatter: (/** @type {string} */ text) => short(asLabel(text)) },
    axisPointer: { label: { formatter: heading } },
  };
}

/**
 * @param {number} index
 * @param {Palette} palette
 */
export function yAxis(index, { grid, muted, text, surface, axis }) {
  return {
    id: `y${index}`,
    type: "value",
    gridIndex: index,
    position: "right",
    scale: true,
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
        formatter: (/** @type {{value: number}} */ { value }) => fullNumber(Number(value.toPrecision(7))),
      },
    },
  };
}
