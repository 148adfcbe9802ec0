/** The page of charts: what the controls say is what is asked of the server. */

import { MyCharts, preferredPalette } from "../rtc/rtc.module.js";
import { KeptChoice, settle } from "./chart_choice.js";
import { isOffered, readControls, writeControls } from "./chart_controls.js";
import { ChartPanel } from "./chart_panel.js";
import { enableCopyButtons } from "./copy_button.js";
import { IndicatorMenu } from "./indicator_menu.js";
import { OlderControl } from "./older_control.js";
import { QuoteCard } from "./quote_card.js";
import { startShell } from "./shell.js";
import { tabStorage } from "./tab_storage.js";

const PERIOD_TEXT = { 0: "every tick", 60: "1 minute", 300: "5 minutes", 3600: "1 hour", "1d": "1 day", "1w": "1 week" };
/** Periods of the quote without a date, whose history is years of days. */
const LONG_PERIODS = ["1d", "1w"];
/** Bars to begin with: some years of them. */
const LONG_COUNT = 750;
const SHAPE_TEXT = { ohlc: "Candles", line: "Line", bar: "Bars", scatter: "Points" };

const { exchange, date, userId } = document.body.dataset;
const items = document.body.dataset.items.split(",");
const controls = document.getElementById("chart-controls");
const { client } = startShell();
const charts = new MyCharts(client, { palette: preferredPalette() });
window.__rtc.charts = charts;

const mainPanel = new ChartPanel(document.getElementById("main-frame"), charts);
const smallPanels = document.getElementById("small-charts");
const older = new OlderControl(document.getElementById("older-button"), document.getElementById("older-status"));

/** @param {string} item */
function quoteRequest(item) {
  return { exchange, item, date, update: "dynamic", indicators: [] };
}

function showMainChart() {
  const { item, shape, indicators, period } = choice;
  const subtitle = `${SHAPE_TEXT[shape]} · ${PERIOD_TEXT[period]}`;
  document.getElementById("main-title").textContent = item;
  document.getElementById("main-subtitle").textContent = subtitle;
  const isLong = LONG_PERIODS.includes(period);
  document.getElementById("main-day").textContent = isLong ? "All trading days" : `Trading day ${dateText(date)}`;
  const quote = isLong ? { ...quoteRequest(item), date: undefined, count: LONG_COUNT, period } : { ...quoteRequest(item), period: Number(period) };
  const chart = mainPanel.show({ ...quote, chart_id: "main", shape, indicators }, `${item}, ${subtitle}`);
  if (chart !== null) older.follow(chart);
}

/** @param {string} date YYYYMMDD */
function dateText(date) {
  return date.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3");
}

/** What is chosen in the menu of indicators counts before the menu is there, too. */
function chosenControls() {
  const read = readControls(controls);
  const unseen = choice.indicators.filter((value) => !isOffered(controls, "indicators", value));
  return { ...read, indicators: [...read.indicators, ...unseen] };
}

async function fillMenu() {
  const { indicators } = await client.request("mycharts", { type: "indicators" });
  menu.fill(indicators);
  const known = choice.indicators.filter((value) => isOffered(controls, "indicators", value));
  const hasLost = known.length < choice.indicators.length;
  choice = { ...choice, indicators: known };
  writeControls(controls, choice);
  if (hasLost) showMainChart(); // without what this server does not know any more
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

const menu = new IndicatorMenu(document.getElementById("indicator-menu"), (value) => isOffered(controls, "indicators", value));
const kept = new KeptChoice(tabStorage(), userId);
let choice = kept.read(readControls(controls), (name, value) => isOffered(controls, name, value));
writeControls(controls, choice);
const smallCharts = items.map(buildSmallChart);
items.forEach(feedQuoteCard);
controls.addEventListener("submit", (event) => event.preventDefault());
controls.addEventListener("change", (event) => {
  if (event.target.name === "") return; // the menu's search
  choice = settle({ ...choice, ...chosenControls() }, event.target.name);
  writeControls(controls, choice);
  kept.keep(choice);
  showMainChart();
  if (event.target.name === "item") showSmallCharts();
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.setPalette(preferredPalette()));
client.on("userinfo", () => void fillMenu().catch(() => {})); // it is filled on the next connection
showMainChart();
showSmallCharts();
enableCopyButtons(document);
