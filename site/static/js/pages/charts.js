/** The page of charts: what the controls say is what is asked of the server. */

import { MyCharts, preferredPalette } from "../rtc/index.js";
import { ChartPanel } from "./chart_panel.js";
import { enableCopyButtons } from "./copy_button.js";
import { QuoteCard } from "./quote_card.js";
import { startShell } from "./shell.js";

const PERIOD_TEXT = { 0: "every tick", 60: "1 minute", 300: "5 minutes" };
const SHAPE_TEXT = { ohlc: "Candles", line: "Line", bar: "Bars", scatter: "Points" };

const { exchange, date } = document.body.dataset;
const items = document.body.dataset.items.split(",");
const controls = document.getElementById("chart-controls");
const { client } = startShell();
const charts = new MyCharts(client, { palette: preferredPalette() });
window.__rtc.charts = charts;

const mainPanel = new ChartPanel(document.getElementById("main-frame"), charts);
const smallPanels = document.getElementById("small-charts");

/** @param {string} item */
function quoteRequest(item) {
  return { exchange, item, date, update: "dynamic", indicators: [] };
}

/** The large chart as the controls want it. */
function readControls() {
  const form = new FormData(controls);
  return {
    ...quoteRequest(form.get("item")),
    chart_id: "main",
    period: Number(form.get("period")),
    shape: form.get("shape"),
    indicators: form.getAll("indicators"),
  };
}

/** A candle of a single tick is a dash: choosing one of the two moves the other to something that can be read. */
function settleControls(changedName) {
  const { period, shape } = controls.elements;
  if (period.value !== "0" || shape.value !== "ohlc") return;
  if (changedName === "shape") period.value = "60";
  else shape.value = "line";
}

function showMainChart() {
  const request = readControls();
  document.getElementById("main-title").textContent = request.item;
  document.getElementById("main-subtitle").textContent = `${SHAPE_TEXT[request.shape]} · ${PERIOD_TEXT[request.period]}`;
  mainPanel.show(request);
}

/** A small line for each quote; the one that is large already is hidden, and not asked for. */
function showSmallCharts() {
  const largeItem = new FormData(controls).get("item");
  for (const { item, section, panel } of smallCharts) {
    section.hidden = item === largeItem;
    if (section.hidden) panel.close();
    else if (panel.chartId === null) panel.show({ ...quoteRequest(item), chart_id: `small-${item}`, period: 0, shape: "line" });
  }
}

function buildSmallChart(item) {
  const section = document.getElementById("small-chart-template").content.firstElementChild.cloneNode(true);
  section.querySelector("h2").textContent = item;
  section.querySelector(".chart").setAttribute("aria-label", `${item}, every tick`);
  smallPanels.append(section);
  return { item, section, panel: new ChartPanel(section.querySelector(".chart-frame"), charts) };
}

/** The strip's numbers come from the first series of a candle chart that nobody draws. */
function feedQuoteCard(item) {
  const card = new QuoteCard(document.querySelector(`.quote-card[data-item="${item}"]`));
  const request = { ...quoteRequest(item), chart_id: `quote-${item}`, period: 60, shape: "ohlc" };
  const chart = charts.request({ ...request, whileHidden: "pause" });
  chart.on("render", () => card.show(chart));
  chart.on("dynamic", () => card.update(chart));
}

const smallCharts = items.map(buildSmallChart);
items.forEach(feedQuoteCard);
controls.addEventListener("submit", (event) => event.preventDefault());
controls.addEventListener("change", (event) => {
  settleControls(event.target.name);
  showMainChart();
  if (event.target.name === "item") showSmallCharts();
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.setPalette(preferredPalette()));
showMainChart();
showSmallCharts();
enableCopyButtons(document);
