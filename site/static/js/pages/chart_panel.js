/** One drawn chart in its frame: loading, empty, live or in error, and visibly so. What is drawn is asked of MyCharts. */

const TEXT = {
  loading: "Loading the chart…",
  empty: "No data yet. The chart starts with the first price.",
  noLibrary: "The chart library could not be loaded. Reload the page to try again.",
};

export class ChartPanel {
  /**
   * @param {HTMLElement} frame with a `.chart` to draw into and a `.chart-message`
   * @param {import("../rtc/rtc.module.js").MyCharts} charts
   */
  constructor(frame, charts) {
    this.frame = frame;
    this.charts = charts;
    this.element = frame.querySelector(".chart");
    this.message = frame.querySelector(".chart-message");
    /** @type {string | null} */
    this.chartId = null;
  }

  /**
   * Draws another chart in place of the present one.
   * @param {object} request as for `MyCharts.request`, without `element`
   * @param {string} name what people call it; the library puts its numbers behind that
   * @returns {import("../rtc/rtc.module.js").Chart | null} null where nothing can be drawn
   */
  show(request, name) {
    if (this.chartId !== request.chart_id) this.close(); // else the library keeps the reader's place
    this.element.setAttribute("aria-label", name);
    if (!globalThis.echarts) {
      this.#enter("error", TEXT.noLibrary);
      return null;
    }
    this.#enter("loading", TEXT.loading);
    this.chartId = request.chart_id;
    const chart = this.charts.request({ ...request, element: this.element });
    chart.on("render", (message) => this.#onRender(message));
    chart.on("dynamic", () => this.#enter("live"));
    chart.on("error", (error) => this.#enter("error", `This chart cannot be shown: ${error.message}`));
    return chart;
  }

  close() {
    if (this.chartId !== null) this.charts.unlisten(this.chartId);
    this.chartId = null;
  }

  #onRender(message) {
    const isEmpty = message.chart.series.every((series) => series.data.length === 0);
    if (isEmpty) this.#enter("empty", TEXT.empty);
    else this.#enter("live");
  }

  #enter(state, text = "") {
    if (this.frame.dataset.state === state && this.message.textContent === text) return;
    this.frame.dataset.state = state;
    this.message.textContent = text;
  }
}
