/** The panels of a chart: one for each y axis that has something to show. Pure. */

/** @import { Chart } from "./chart.js" */

const VOLUME = "volume";

/**
 * A quote without volume needs no panel for it. An indicator was asked for, so its panel waits for its first value.
 * @param {Chart} chart
 * @returns {number[]} the indexes of the y axes that are drawn, from top to bottom
 */
export function drawnAxes({ yAxis, series }) {
  const isDrawn = (/** @type {number} */ axis) =>
    axis === 0 || yAxis[axis].name !== VOLUME || series.some((each) => each.yAxisIndex === axis && !each.isNothing);
  return [...yAxis.keys()].filter(isDrawn);
}
