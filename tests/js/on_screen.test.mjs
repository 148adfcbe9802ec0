import assert from "node:assert/strict";
import { test } from "node:test";
import { record } from "./client_harness.mjs";
import { fakeDocument, fakeElement, PRICE_CHART, REQUEST, startCharts, staticRender } from "./chart_harness.mjs";

/** The page's observers of what is on the screen; the test scrolls. */
function fakeScreen() {
  const observers = [];
  class FakeIntersectionObserver {
    elements = new Set();

    constructor(run) {
      this.run = run;
      observers.push(this);
    }

    observe(element) {
      this.elements.add(element);
    }

    unobserve(element) {
      this.elements.delete(element);
    }

    disconnect() {
      this.elements.clear();
    }
  }
  /** The elements come onto the screen, or leave it. */
  const scroll = (isIntersecting, ...elements) => {
    for (const { run, elements: own } of [...observers]) {
      const entries = elements.filter((element) => own.has(element)).map((target) => ({ target, isIntersecting }));
      if (entries.length > 0) run(entries);
    }
  };
  return { IntersectionObserver: FakeIntersectionObserver, observers, scroll };
}

function startOnScreen(options = {}) {
  const screen = fakeScreen();
  const parts = startCharts({ IntersectionObserver: screen.IntersectionObserver, onScreenOnly: true, ...options });
  const asked = () => parts.network.socket.messages.map(({ data }) => [data.type, data.chart_id]);
  return { ...parts, ...screen, asked };
}

test("a chart is asked for when it comes onto the screen, and given up a while after it has left it", () => {
  const { charts, asked, scroll, clock } = startOnScreen();
  const row = fakeElement();
  charts.request({ ...REQUEST, watch: row });
  assert.deepEqual(asked(), []);
  scroll(true, row);
  assert.deepEqual(asked(), [["quote", "main"]]);
  scroll(false, row);
  clock.advance(4999);
  assert.equal(asked().length, 1);
  clock.advance(1);
  assert.deepEqual(asked(), [["quote", "main"], ["unlisten", "main"]]);
});

test("a chart that is given up before its picture has no error", () => {
  const { charts, network, scroll, clock } = startOnScreen();
  const row = fakeElement();
  const chart = charts.request({ ...REQUEST, watch: row });
  const seen = record(chart, "error");
  scroll(true, row);
  const { id } = network.socket.messages[0];
  scroll(false, row);
  clock.advance(5000);
  network.socket.say("error", { code: "replaced", message: "given up", type: "mycharts" }, id);
  assert.deepEqual(seen, []);
});

test("who comes back in time has lost nothing, and what scrolls by is not asked for", () => {
  const { charts, asked, scroll, clock } = startOnScreen();
  const [row, other] = [fakeElement(), fakeElement()];
  charts.request({ ...REQUEST, watch: row });
  charts.request({ ...REQUEST, chart_id: "other", watch: other });
  scroll(true, row);
  scroll(false, row, other);
  clock.advance(4000);
  scroll(true, row, other);
  clock.advance(99);
  scroll(false, other);
  clock.advance(4000);
  assert.deepEqual(asked(), [["quote", "main"]]);
});

test("what stays on the screen is asked for a moment after it came there", () => {
  const { charts, asked, scroll, clock } = startOnScreen();
  const row = fakeElement();
  charts.request({ ...REQUEST, watch: row });
  scroll(false, row);
  scroll(true, row);
  assert.deepEqual(asked(), []);
  clock.advance(100);
  assert.deepEqual(asked(), [["quote", "main"]]);
});

test("of five thousand rows those are asked for that are seen", () => {
  const { charts, asked, scroll } = startOnScreen();
  const rows = Array.from({ length: 5000 }, () => fakeElement());
  rows.forEach((row, index) => charts.request({ ...REQUEST, chart_id: index, watch: row }));
  scroll(true, ...rows.slice(100, 120));
  scroll(false, ...rows.slice(0, 100), ...rows.slice(120));
  assert.deepEqual(asked().map(([, id]) => id), Array.from({ length: 20 }, (_, index) => 100 + index));
});

test("a drawing is there while it is on the screen, and shows the reader's place when it comes back", () => {
  const { charts, echarts, frames, render, scroll, clock } = startOnScreen();
  const place = fakeElement();
  charts.request({ ...REQUEST, element: place });
  assert.equal(echarts.instances.length, 0);
  scroll(true, place);
  render(staticRender());
  frames.run();
  echarts.instances[0].zoomByHand({ start: 50, end: 100 });
  scroll(false, place);
  clock.advance(5000);
  assert.equal(echarts.instances[0].isDisposed, true);
  scroll(true, place);
  clock.advance(100);
  frames.run();
  const [option] = echarts.instances[1].options;
  assert.deepEqual([option.series[0].name, option.dataZoom[0].start], ["AAPL", 50]);
});

test("on a page that is hidden nothing is asked for, whatever is on the screen", () => {
  const document = fakeDocument();
  const { charts, asked, scroll, clock } = startOnScreen({ document });
  const place = fakeElement();
  charts.request({ ...REQUEST, element: place });
  document.become("hidden");
  clock.advance(5000);
  scroll(true, place);
  assert.deepEqual(asked(), []);
  document.become("visible");
  assert.deepEqual(asked(), [["quote", "main"]]);
});

test("a chart may be told to do otherwise than the others", () => {
  const { charts, asked } = startOnScreen();
  charts.request({ ...REQUEST, element: fakeElement(), onScreenOnly: false });
  charts.request({ ...REQUEST, chart_id: "data" }); // there is nothing to see of it
  assert.deepEqual(asked(), [["quote", "main"], ["quote", "data"]]);
  assert.throws(() => charts.request({ ...REQUEST, onScreenOnly: true }), /needs an `element`, or one to `watch`/);
});

test("two charts may have one element", () => {
  const { charts, asked, scroll } = startOnScreen();
  const row = fakeElement();
  charts.request({ ...REQUEST, watch: row });
  scroll(true, row);
  charts.request({ ...REQUEST, chart_id: "other", watch: row });
  assert.deepEqual(asked(), [["quote", "main"], ["quote", "other"]]);
});

test("what is given up is watched no more", () => {
  const { charts, asked, observers, scroll, clock } = startOnScreen();
  const row = fakeElement();
  charts.request({ ...REQUEST, watch: row });
  scroll(false, row);
  scroll(true, row);
  charts.unlisten("main");
  clock.advance(1000);
  assert.deepEqual([asked(), observers[0].elements.size], [[], 0]);
});

test("off the screen no price grows old", () => {
  const { charts, render, scroll, clock } = startOnScreen();
  const row = fakeElement();
  const chart = charts.request({ ...REQUEST, watch: row });
  let ages = 0;
  chart.on("age", () => (ages += 1));
  scroll(true, row);
  render(staticRender(PRICE_CHART));
  scroll(false, row);
  clock.advance(5000);
  ages = 0;
  clock.advance(60_000);
  assert.equal(ages, 0);
});

test("in a browser that cannot tell, everything is on the screen", () => {
  const { charts, asked } = startOnScreen({ IntersectionObserver: undefined });
  charts.request({ ...REQUEST, watch: fakeElement() });
  assert.deepEqual(asked(), [["quote", "main"]]);
});
