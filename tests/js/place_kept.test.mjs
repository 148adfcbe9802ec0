/** The place that a reader has chosen, in a chart that is asked for in the place of another one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ChartView } from "../../site/static/js/rtc/index.js";
import { fakeElement, LABELS, PRICE_CHART, REQUEST, startCharts, staticRender } from "./chart_harness.mjs";

const BAR = 60_000;
const element = fakeElement();

/** Bars with the numbers from `from` on, where 0 is the newest of the past. */
function bars(from, count) {
  const labels = Array.from({ length: count }, (_, index) => LABELS[0] + BAR * (from + index));
  const series = PRICE_CHART.series.map((each) => ({ ...each, data: labels.map((one) => (each.type === "candlestick" ? [one, 9, 9, 9, 9] : [one, 9])) }));
  return { ...PRICE_CHART, xAxis: { data: labels }, series };
}

function start() {
  const parts = startCharts();
  const { charts, render, frames, network, echarts } = parts;
  const show = (more = {}) => charts.request({ ...REQUEST, element, ...more });
  const draw = (picture, older = true) => {
    render({ ...staticRender(picture), older });
    frames.run();
  };
  const asked = () => network.socket.messages.filter(({ data }) => data?.type === "more");
  const answer = async (say) => {
    say(asked().at(-1).id);
    await new Promise(setImmediate);
    frames.run();
  };
  const page = (chart, older = true) => answer((id) => network.socket.say("mycharts", { type: "more", chart_id: "main", chart, older }, id));
  const refuse = () => answer((id) => network.socket.say("error", { code: "history_failed", message: "away" }, id));
  const instance = () => echarts.instances.at(-1);
  /** The numbers of the bars at the ends of what is seen; null where nobody has chosen. */
  const seen = () => {
    const { xAxis, dataZoom } = instance().options.findLast((option) => option.dataZoom !== undefined);
    const labels = charts.get("main").labels();
    const place = (percent) => (labels[Math.round((percent / 100) * (labels.length - 1))] - LABELS[0]) / BAR;
    return xAxis === undefined || dataZoom[0].start === undefined ? null : [place(dataZoom[0].start), place(dataZoom[0].end)];
  };
  return { ...parts, show, draw, asked, page, refuse, instance, seen };
}

/** A reader who has gone back by a page, and sees the bars -280 to -240. */
async function startInThePast() {
  const parts = start();
  parts.show();
  parts.draw(bars(-200, 200));
  parts.instance().zoomByHand({ startValue: 0, endValue: 40 });
  await parts.page(bars(-400, 200));
  parts.instance().zoomByHand({ startValue: 120, endValue: 160 });
  return parts;
}

test("another indicator, and another shape, leave the view where it is", () => {
  for (const other of [{ indicators: ["sma:5"] }, { shape: "line" }]) {
    const { show, draw, instance, seen, asked } = start();
    show();
    draw(bars(-200, 200));
    instance().zoomByHand({ startValue: 60, endValue: 100 });
    show(other);
    draw(bars(-195, 200));
    assert.deepEqual(seen(), [-140, -100]);
    assert.deepEqual(asked(), []);
  }
});

test("a place in older points is seen again when these have come, page by page", async () => {
  const { show, draw, asked, page, seen } = await startInThePast();
  show({ indicators: ["sma:5"] });
  draw(bars(-200, 200));
  assert.deepEqual(seen(), [-200, -160]);
  await page(bars(-260, 60));
  assert.deepEqual(asked().at(-1).data, { type: "more", chart_id: "main", before: LABELS[0] - 260 * BAR, count: 2000 });
  await page(bars(-300, 40));
  assert.deepEqual(seen(), [-280, -240]);
  assert.equal(asked().length, 3);
});

test("two indicators that are chosen one after the other before a picture came leave the view where it is", async () => {
  const { show, draw, page, seen } = await startInThePast();
  show({ indicators: ["sma:5"] });
  show({ indicators: ["sma:5", "ema:5"] });
  draw(bars(-200, 200));
  await page(bars(-400, 200));
  assert.deepEqual(seen(), [-280, -240]);
});

test("older points that do not come are not asked for again and again", async () => {
  const { show, draw, asked, refuse, frames, charts } = await startInThePast();
  show({ indicators: ["sma:5"] });
  draw(bars(-200, 200));
  await refuse();
  frames.run();
  assert.equal(asked().length, 2);
  assert.equal(charts.get("main").older.error.code, "history_failed");
});

test("a reader of the newest points goes on seeing as many of them", () => {
  const { show, draw, instance, seen } = start();
  show();
  draw(bars(-200, 200));
  instance().zoomByHand({ startValue: 149, endValue: 199 });
  show({ indicators: ["sma:5"] });
  draw(bars(-197, 200));
  assert.deepEqual(seen(), [-48, 2]);
});

test("other rows begin with the newest bars", async () => {
  for (const other of [{ period: 300 }, { item: "MSFT" }, { date: undefined }, { kind: "other" }]) {
    const { charts, show, draw, asked, instance } = await startInThePast();
    charts.register("other", ChartView);
    show(other);
    draw(bars(-200, 200));
    assert.equal(instance().options[0].dataZoom[0].startValue, 40);
    assert.equal(asked().length, 1);
  }
});
