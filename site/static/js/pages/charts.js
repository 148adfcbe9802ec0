/** The page of charts: what the controls say is what is asked of the server. */

import { MyCharts, preferredPalette } from "../rtc/rtc.module.js";
import { KeptChoice, settle } from "./chart_choice.js";
import { isOffered, readControls, writeControls } from "./chart_controls.js";
import { ChartPanel } from "./chart_panel.js";
import { enableCopyButtons } from "./copy_button.js";
import { QuoteCard } from "./quote_card.js";
import { startShell } from "./shell.js";
import { tabStorage } from "./tab_storage.js";

const PERIOD_TEXT = { 0: "every tick", 60: "1 minute", 300: "5 minutes" };
const SHAPE_TEXT = { ohlc: "Candles", line: "Line", bar: "Bars", scatter: "Points" };

const { exchange, date, userId } = document.body.dataset;
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

function showMainChart() {
  const { item, shape, indicators } = choice;
  const period = Number(choice.period);
  const subtitle = `${SHAPE_TEXT[shape]} · ${PERIOD_TEXT[period]}`;
  document.getElementById("main-title").textContent = item;
  document.getElementById("main-subtitle").textContent = subtitle;
  mainPanel.show({ ...quoteRequest(item), chart_id: "main", period, shape, indicators }, `${item}, ${subtitle}`);
}

/** A small line for each quote; the one that is large already is hidden, and not asked for. */
function showSmallCharts() {
  for (const { item, section, panel } of smallCharts) {
    section.hidden = item === choice.item;
    if (section.hidden) panel.close();
    else if (panel.chartId === null) panel.show({ ...quoteRequest(item), chart_id: `small-${item}`, period: 0, shape: "line" }, `${item}, every tick`);
  }
}

function buildSmallChart(item) {
  const section = document.getElementById("small-chart-template").content.firstElementChild.cloneNode(true);
  section.querySelector("h2").textContent = item;
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
  chart.on("age", () => card.showAge(chart.age));
}

const kept = new KeptChoice(tabStorage(), userId);
let choice = kept.read(readControls(controls), (name, value) => isOffered(controls, name, value));
writeControls(controls, choice);
const smallCharts = items.map(buildSmallChart);
items.forEach(feedQuoteCard);
controls.addEventListener("submit", (event) => event.preventDefault());
controls.addEventListener("change", (event) => {
  choice = settle({ ...choice, ...readControls(controls) }, event.target.name);
  writeControls(controls, choice);
  kept.keep(choice);
  showMainChart();
  if (event.target.name === "item") showSmallCharts();
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.setPalette(preferredPalette()));
showMainChart();
showSmallCharts();
enableCopyButtons(document);
