/** The button below the large chart that loads older points, and the line beside it: what a mouse does by dragging. */

export class OlderControl {
  /**
   * @param {HTMLButtonElement} button
   * @param {HTMLElement} status
   */
  constructor(button, status) {
    this.button = button;
    this.status = status;
    /** @type {import("../rtc/rtc.module.js").Chart | null} */
    this.chart = null;
    button.addEventListener("click", () => this.chart?.loadOlder().catch(() => {}));
  }

  /** @param {import("../rtc/rtc.module.js").Chart} chart the one that is shown from now on */
  follow(chart) {
    this.chart = chart;
    for (const event of ["older", "render"]) chart.on(event, () => chart === this.chart && this.#show(chart));
    this.#show(chart);
  }

  #show(chart) {
    const { hasMore, isLoading, isFull, error } = chart.older;
    this.button.disabled = hasMore !== true || isFull || isLoading;
    this.status.textContent = error !== null ? `Older points did not come: ${error.message}` : isLoading ? "Loading older points…" : pastOf(chart);
  }
}

function pastOf(chart) {
  const labels = chart.labels();
  if (labels.length === 0) return "";
  const since = `${labels.length} points since ${chart.labelFormat().full(labels[0])}`;
  if (chart.older.hasMore) return `${since}. Drag the chart to the right, or press Older, for more`;
  return chart.older.hasMore === false ? `${since}; nothing older` : since;
}
