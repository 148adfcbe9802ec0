import assert from "node:assert/strict";
import { test } from "node:test";
import { darkPalette, lightPalette, MyCharts, View } from "../../site/static/js/rtc/index.js";
import { dynamicRender, fakeDocument, fakeElement, LABELS, REQUEST, startCharts, staticRender } from "./chart_harness.mjs";
import { record } from "./client_harness.mjs";

/** A kind of chart that notes what it is asked to draw. */
function notingView() {
  const views = [];
  class NotingView extends View {
    drawn = [];
    isDisposed = false;

    constructor(chart, element, tools) {
      super(chart, element, tools);
      views.push(this);
    }

    draw() {
      this.drawn.push([this.chart.data ?? this.chart.summary().last, this.palette]);
    }

    dispose() {
      super.dispose();
      this.isDisposed = true;
    }
  }
  return { NotingView, views };
}

function startOwn(options = {}) {
  const parts = startCharts({ palette: lightPalette, echarts: undefined, ...options });
  const { NotingView, views } = notingView();
  parts.charts.register("pie", NotingView);
  const sent = () => parts.network.socket.messages.map(({ type, data }) => [type, data.op ?? data.type]);
  return { ...parts, views, sent };
}

const ownRender = (data, more = {}) => ({ type: "render", chart_id: "orders", kind: "pie", data, ...more });

test("what a module sends is drawn whole by the View of its kind, the newest of it, without ECharts", () => {
  const { charts, render, frames, views } = startOwn();
  const chart = charts.show({ chart_id: "orders", kind: "pie", element: fakeElement() });
  const seen = record(chart, "data");
  frames.run();
  render(ownRender({ open: 1 }));
  render(ownRender({ open: 2 }));
  frames.run();
  assert.deepEqual(views[0].drawn, [[{ open: 2 }, lightPalette]]);
  assert.deepEqual([seen.length, chart.data, charts.get("orders")], [2, { open: 2 }, chart]);
});

test("nothing is sent for it: the page asks its module itself", () => {
  const { charts, sent } = startOwn();
  charts.show({ chart_id: "orders", kind: "pie", element: fakeElement() });
  charts.unlisten("orders");
  assert.deepEqual(sent(), []);
});

test("a render of another kind, or for a chart that is not shown, is passed over, and no quote's chart is touched", () => {
  const { charts, render, views, frames } = startOwn();
  charts.show({ chart_id: "orders", kind: "pie", element: fakeElement() });
  const quote = charts.request(REQUEST);
  render(staticRender());
  render(ownRender(1, { kind: "bars" }));
  render(ownRender(1, { chart_id: "other" }));
  render(ownRender(1, { chart_id: "main" }));
  frames.run();
  assert.deepEqual([views[0].drawn, quote.series.length], [[], 3]);
});

test("a chart of a topic follows it: a snapshot, and then each update", () => {
  const { charts, network, frames, views } = startOwn();
  const [book, changed] = [{ bids: [[1, 5]] }, { bids: [[1, 6]] }];
  charts.show({ chart_id: "depth", kind: "pie", service: "depth", request: { quote: "X:Y" }, max_rate: 2, element: fakeElement() });
  const [{ data, id }] = network.socket.messages;
  assert.deepEqual([data.op, data.service, data.request, data.max_rate], ["subscribe", "depth", { quote: "X:Y" }, 2]);
  network.socket.say("topic", { op: "snapshot", topic_id: data.topic_id, epoch: "e", seq: 1, data: book }, id);
  frames.run();
  network.socket.say("topic", { op: "update", topic_id: data.topic_id, epoch: "e", prev_seq: 1, seq: 2, updates: [changed] });
  frames.run();
  assert.deepEqual(views[0].drawn.map(([drawn]) => drawn), [book, changed]);
});

test("an update may be a part that is merged into the state", () => {
  const { charts, network } = startOwn();
  const merge = (data, update) => ({ ...data, ...update });
  const chart = charts.show({ chart_id: "depth", kind: "pie", service: "depth", merge });
  const [{ data, id }] = network.socket.messages;
  network.socket.say("topic", { op: "snapshot", topic_id: data.topic_id, epoch: "e", seq: 1, data: { a: 1, b: 1 } }, id);
  network.socket.say("topic", { op: "update", topic_id: data.topic_id, epoch: "e", prev_seq: 1, seq: 2, updates: [{ b: 2 }] });
  assert.deepEqual(chart.data, { a: 1, b: 2 });
});

test("a topic that is refused says so to whoever listens, else to the console", () => {
  const warnings = [];
  const { charts, network } = startOwn({ warn: (text) => warnings.push(text) });
  const chart = charts.show({ chart_id: "depth", kind: "pie", service: "depth" });
  const refuse = () => network.socket.say("error", { code: "forbidden", message: "not yours" }, network.socket.messages[0].id);
  refuse();
  const seen = record(chart, "error");
  refuse();
  assert.deepEqual([warnings.length, seen[0][1].code], [1, "forbidden"]);
  assert.match(warnings[0], /chart "depth" was refused, forbidden: not yours/);
});

test("a topic rests while the page is hidden, and is asked for again when it is seen", () => {
  const document = fakeDocument();
  const { charts, sent, clock } = startOwn({ document });
  charts.show({ chart_id: "depth", kind: "pie", service: "depth", element: fakeElement() });
  document.become("hidden");
  clock.advance(5000);
  document.become("visible");
  assert.deepEqual(sent(), [["topic", "subscribe"], ["topic", "unsubscribe"], ["topic", "subscribe"]]);
});

test("a quote's chart may be drawn by a View of one's own", () => {
  const { charts, render, frames, views } = startOwn();
  charts.request({ ...REQUEST, kind: "pie", element: fakeElement() });
  render(staticRender());
  frames.run();
  render(dynamicRender([[0, LABELS[2], 1, 500, 1, 500]]));
  frames.run();
  assert.deepEqual(views[0].drawn.map(([last]) => last), [433, 500]);
});

test("its colours change with the page's, and it is disposed of with the chart", () => {
  const { charts, render, frames, views } = startOwn();
  charts.show({ chart_id: "orders", kind: "pie", element: fakeElement() });
  render(ownRender(1));
  frames.run();
  charts.setPalette(darkPalette);
  frames.run();
  charts.unlisten("orders");
  render(ownRender(2));
  frames.run();
  assert.deepEqual([views[0].drawn, views[0].isDisposed], [[[1, lightPalette], [1, darkPalette]], true]);
});

test("before its first data nothing is drawn, whatever the page does", () => {
  const { charts, frames, views, observers } = startOwn();
  charts.show({ chart_id: "orders", kind: "pie", element: fakeElement() });
  observers[0].run();
  charts.setPalette(darkPalette);
  frames.run();
  assert.deepEqual(views[0].drawn, []);
});

test("a kind that nobody registered is an error, and leaves nothing behind", () => {
  const { charts, sent } = startOwn();
  assert.throws(() => charts.show({ chart_id: "x", kind: "heat", element: fakeElement() }), /no View is registered for charts of the kind "heat"/);
  assert.throws(() => charts.request({ ...REQUEST, kind: "heat", element: fakeElement() }), /no View is registered/);
  assert.deepEqual([charts.get("x"), charts.get("main"), sent()], [undefined, undefined, []]);
});

test("a View without a draw of its own says so, in the frame in which it should draw", () => {
  const { charts } = startOwn();
  charts.register("none", class extends View {});
  const chart = charts.show({ chart_id: "x", kind: "none", element: fakeElement() });
  assert.throws(() => new View(chart, fakeElement(), { schedule: { add: () => {} } }).draw(), /has to have its own draw/);
});

test("a subclass of MyCharts says what is sent, and hears what comes", () => {
  const { client, network, clock } = startOwn();
  const heard = [];
  class DeskCharts extends MyCharts {
    wireRequest(name, request) {
      return { ...super.wireRequest(name, request), desk: 7 };
    }

    onMessage(data, message) {
      heard.push(data.type);
      super.onMessage(data, message);
    }
  }
  const charts = new DeskCharts(client, { clock });
  const chart = charts.request(REQUEST);
  network.socket.say("mycharts", staticRender());
  assert.deepEqual([network.socket.messages[0].data.desk, heard, chart.seq, charts.client], [7, ["render"], 3, client]);
});
