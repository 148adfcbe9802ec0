/** The watch list: a row for each quote, whose prices are asked for while the row is on the screen. */

import { ageText, MyCharts, preferredPalette } from "../rtc/rtc.module.js";
import { startShell } from "./shell.js";
import { SparkView } from "./spark_view.js";

/** Bars of the line in a row. */
const BARS = 60;
const PERIOD_S = 10;
const PERCENT = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero" });

const { exchange } = document.body.dataset;
const { client } = startShell();
const charts = new MyCharts(client, { palette: preferredPalette(), onScreenOnly: true });
window.__rtc.charts = charts;
charts.register("spark", SparkView);

/** @param {HTMLTableRowElement} row */
function watch(row) {
  const { item } = row.dataset;
  const cell = (role) => row.querySelector(`[data-role="${role}"]`);
  const [price, change, age] = ["price", "change", "age"].map(cell);
  const asked = { chart_id: item, exchange, item, period: PERIOD_S, shape: "ohlc", count: BARS, max_rate: 2 };
  const chart = charts.request({ ...asked, kind: "spark", element: row.querySelector(".spark"), watch: row });
  const show = () => {
    const summary = chart.summary();
    if (summary === null) return;
    price.textContent = chart.prices.format(summary.last);
    change.textContent = summary.percent === null ? "" : `${PERCENT.format(summary.percent)} %`;
    row.dataset.direction = summary.change < 0 ? "down" : "up";
  };
  chart.on("render", show);
  chart.on("dynamic", show);
  chart.on("error", (error) => {
    // Who scrolls fast may ask for more than one may have in a second; it is asked for again by itself.
    if (error.code !== "rate_limited") price.textContent = error.message;
  });
  chart.on("age", () => {
    row.classList.toggle("is-stale", chart.age.isStale);
    age.textContent = ageText(chart.age);
  });
}

document.querySelectorAll("#watch-rows tr").forEach(watch);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.setPalette(preferredPalette()));
