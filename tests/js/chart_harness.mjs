import { MyCharts } from "../../site/static/js/rtc/index.js";
import { fakeTarget, startClient, welcome } from "./client_harness.mjs";
import { fakeElements } from "./fake_elements.mjs";

export const LABELS = [1362150000000, 1362150060000, 1362150120000];

export const PRICE_CHART = {
  legends: ["AAPL", "sma:2"],
  xAxis: { type: "category", data: LABELS },
  yAxis: [{ name: "price" }, { name: "volume" }],
  series: [
    { name: "AAPL", type: "candlestick", yAxisIndex: 0, data: LABELS.map((label, i) => [label, 430 + i, 431 + i, 429 + i, 432 + i]) },
    { name: "sma:2", type: "line", yAxisIndex: 0, data: LABELS.map((label, i) => [label, i === 0 ? null : 430.5 + i]) },
    { name: "volume", type: "bar", yAxisIndex: 1, data: LABELS.map((label, i) => [label, 100 * i]) },
  ],
};

export const REQUEST = { chart_id: "main", exchange: "DEMO", item: "AAPL", date: "20130301", period: 60, shape: "ohlc" };

/** As much of an element as a view touches. */
export function fakeElement(id = "place", attributes = {}) {
  const named = new Map(Object.entries(attributes));
  return fakeTarget({
    id,
    style: {},
    getAttribute: (name) => named.get(name) ?? null,
    setAttribute: (name, value) => void named.set(name, value),
    removeAttribute: (name) => void named.delete(name),
  });
}

/** The points of a drawing, each as an array of so many numbers. */
export function rowsOf(drawing, width = 2) {
  return Array.from({ length: drawing.length / width }, (_, row) => [...drawing.subarray(row * width, (row + 1) * width)]);
}

/** ECharts as far as a view can tell, which notes what is asked of it. A price stands at the pixel 100 + its last two digits. */
export function fakeECharts({ height = 400 } = {}) {
  const instances = [];
  const init = (element) => {
    const listeners = new Map();
    const drawing = fakeElements().createElement("div");
    const instance = {
      element,
      options: [],
      settings: [],
      resizes: 0,
      isDisposed: false,
      setOption: (option, settings) => {
        instance.options.push(option);
        instance.settings.push(settings);
      },
      on: (event, run) => listeners.set(event, run),
      zoomByHand: (event) => listeners.get("datazoom")(event),
      selectInLegend: (selected) => listeners.get("legendselectchanged")({ selected }),
      resize: () => (instance.resizes += 1),
      getHeight: () => height,
      getWidth: () => 500,
      getZr: () => ({ painter: { getViewportRoot: () => drawing } }),
      convertToPixel: ({ yAxisId }, price) => (yAxisId === "y0" ? 100 + (price % 100) : NaN),
      /** What the last-price line shows; null where it is not to be seen. */
      get lastPrice() {
        const [line, label] = drawing.children;
        if (line.style.display === "none") return null;
        return { text: label.context.texts.join("\n"), color: label.context.boxColor, line: line.style, label: label.style, paints: label.context.clears };
      },
      /** The words about older points; null where there are none. */
      get olderMark() {
        const { style, textContent } = drawing.children[2];
        return style.display === "none" ? null : textContent;
      },
      dispose: () => (instance.isDisposed = true),
    };
    instances.push(instance);
    return instance;
  };
  return { init, instances };
}

/** Animation frames that come when the test says so. */
export function fakeFrames() {
  let waiting = [];
  return {
    request: (run) => waiting.push(run),
    get waiting() {
      return waiting.length;
    },
    run() {
      const now = waiting;
      waiting = [];
      for (const each of now) each();
    },
  };
}

export function fakeResizeObserver() {
  const observers = [];
  class FakeResizeObserver {
    elements = [];

    constructor(run) {
      this.run = run;
      observers.push(this);
    }

    observe(element) {
      this.elements.push(element);
    }

    disconnect() {
      this.elements = [];
    }
  }
  return { FakeResizeObserver, observers };
}

/** A page that is hidden and shown by the test. */
export function fakeDocument(visibilityState = "visible") {
  let listeners = [];
  const document = {
    visibilityState,
    addEventListener: (event, run) => listeners.push([event, run]),
    removeEventListener: (event, run) => (listeners = listeners.filter((one) => one[0] !== event || one[1] !== run)),
    become(state) {
      document.visibilityState = state;
      for (const [event, run] of listeners) if (event === "visibilitychange") run();
    },
    get listeners() {
      return listeners.length;
    },
  };
  return document;
}

export function staticRender(chart = PRICE_CHART, { chart_id = "main", seq = 3, epoch = "e1" } = {}) {
  return { type: "render", update: "static", chart_id, epoch, seq, chart };
}

/** `prev_seq` is what fits to a picture with `seq - 1`. */
export function dynamicRender(series, { chart_id = "main", seq = 4, prev_seq = seq - 1, epoch = "e1" } = {}) {
  return { type: "render", update: "dynamic", chart_id, epoch, seq, prev_seq, chart: { series } };
}

/** A welcomed client with charts, ECharts, frames and a ResizeObserver of its own; `options` are those of MyCharts. */
export function startCharts({ isWelcome = true, ...options } = {}) {
  const parts = startClient();
  const { clock } = parts;
  const [echarts, frames, { FakeResizeObserver, observers }] = [fakeECharts(), fakeFrames(), fakeResizeObserver()];
  const charts = new MyCharts(parts.client, { echarts, requestFrame: frames.request, ResizeObserver: FakeResizeObserver, clock, ...options });
  if (isWelcome) welcome(parts.network);
  const render = (data) => parts.network.socket.say("mycharts", data);
  return { ...parts, charts, echarts, frames, observers, render };
}

/** The same with one drawn chart. */
export function startDrawnChart(options) {
  const parts = startCharts(options);
  const chart = parts.charts.request({ ...REQUEST, element: fakeElement() });
  parts.render(staticRender());
  parts.frames.run();
  return { ...parts, chart, instance: parts.echarts.instances[0] };
}
