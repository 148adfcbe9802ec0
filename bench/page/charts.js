/**
 * Full charts under load, and how the page fares: animation frames, lateness of a timer, age of the drawn prices.
 *
 * Every price tells when it was pushed (bench/page/producer.py). It counts as seen when ECharts was given it, or when its
 * number stands beside the chart's last-price line.
 */

import { MyCharts, RTClient } from "/static/js/rtc/index.js";

const PRICE_TURN_MS = 100_000;
const TIMER_MS = 20;
const query = new URLSearchParams(location.search);
const count = Number(query.get("charts") ?? 12);
const request = {
  exchange: "DEMO",
  date: "20240102",
  period: Number(query.get("period") ?? 60),
  shape: query.get("shape") ?? "ohlc",
  indicators: (query.get("indicators") ?? "sma:20,boll:20:2,macd:12:26:9").split(","),
};

const drawn = new Map(); // by element: the price that is drawn
const texts = new WeakMap(); // by canvas: the last text on it
const counts = new Map(); // by element: how often it was drawn
let busyMs = 0;

/** Notes what is written on canvases: the last-price line's number has one of its own. */
const { fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.fillText = function note(text, ...place) {
  texts.set(this.canvas, text);
  fillText.call(this, text, ...place);
};

/** ECharts that notes the newest price of its first series whenever it draws it. */
const echarts = {
  ...globalThis.echarts,
  init(element, ...rest) {
    const instance = globalThis.echarts.init(element, ...rest);
    const setOption = instance.setOption.bind(instance);
    instance.setOption = (option, settings) => {
      const begun = performance.now();
      setOption(option, settings);
      busyMs += performance.now() - begun;
      counts.set(element, (counts.get(element) ?? 0) + 1);
      const first = option.series?.find(({ id }) => id === "0");
      if (first?.data) drawn.set(element, first.data.at(request.shape === "ohlc" ? -3 : -1));
    };
    return instance;
  },
};

const client = new RTClient();
const charts = new MyCharts(client, { echarts });
const elements = Array.from({ length: count }, (_, number) => {
  const element = document.createElement("div");
  element.className = "chart";
  document.body.append(element);
  charts.request({ ...request, chart_id: `chart-${number}`, item: `PAGE${number}`, element });
  return element;
});

const ageOf = (price) => {
  const at = Math.round((price - 100) * 1000);
  return (((Date.now() - at) % PRICE_TURN_MS) + PRICE_TURN_MS) % PRICE_TURN_MS;
};

/** Of the newest price that the chart has been sent. */
const receivedMs = (number) => {
  const [, first, close] = charts.get(`chart-${number}`).series[0].last;
  return ageOf(request.shape === "ohlc" ? close : first);
};

const ageMs = (element) => {
  const label = [...element.querySelectorAll("canvas")].at(-1);
  const isShown = label.style.display === "block";
  return Math.min(ageOf(drawn.get(element)), isShown ? ageOf(Number(texts.get(label))) : Infinity);
};

/** @param {number} seconds */
async function measure(seconds) {
  let frames = 0;
  let latestMs = 0;
  const gaps = [];
  const ages = elements.map(() => []);
  const received = elements.map(() => []);
  const begun = performance.now();
  let last = begun;
  let due = begun + TIMER_MS;
  let isOver = false;
  const onTimer = () => {
    latestMs = Math.max(latestMs, performance.now() - due);
    due = performance.now() + TIMER_MS;
    if (!isOver) setTimeout(onTimer, TIMER_MS);
  };
  setTimeout(onTimer, TIMER_MS);
  busyMs = 0;
  counts.clear();
  await new Promise((resolve) => {
    const onFrame = () => {
      const now = performance.now();
      frames += 1;
      gaps.push(now - last);
      last = now;
      elements.forEach((element, index) => {
        ages[index].push(ageMs(element));
        received[index].push(receivedMs(index));
      });
      if (now - begun < seconds * 1000) requestAnimationFrame(onFrame);
      else resolve();
    };
    requestAnimationFrame(onFrame);
  });
  isOver = true;
  const passed = (performance.now() - begun) / 1000;
  const sorted = (numbers) => [...numbers].sort((one, other) => one - other);
  const at = (numbers, share) => sorted(numbers)[Math.floor((numbers.length - 1) * share)];
  return {
    frames: frames / passed,
    longest_frame_ms: Math.max(...gaps),
    latest_timer_ms: latestMs,
    drawing_share: busyMs / 1000 / passed,
    draws: [...counts.values()].map((each) => each / passed),
    oldest_ms: ages.map((each) => Math.max(...each)),
    median_ms: ages.map((each) => at(each, 0.5)),
    p99_ms: ages.map((each) => at(each, 0.99)),
    received_ms: received.map((each) => at(each, 0.5)),
    rows: elements.map((_, number) => charts.get(`chart-${number}`).labels().length),
  };
}

globalThis.__bench = { measure, client, charts, isReady: () => elements.every((element) => drawn.has(element)) };
