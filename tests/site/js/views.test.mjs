import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectionView } from "../../../site/static/js/pages/connection_view.js";
import { Chart } from "../../../site/static/js/rtc/index.js";
import { PeopleView } from "../../../site/static/js/pages/people_view.js";
import { QuoteCard } from "../../../site/static/js/pages/quote_card.js";

/** As much of an element as the views touch. */
function element() {
  const children = new Map();
  return {
    textContent: "",
    hidden: true,
    dataset: {},
    marked: new Set(),
    toggleAttribute(name, isSet) {
      if (isSet) this.marked.add(name);
      else this.marked.delete(name);
    },
    offsetWidth: 0,
    classList: {
      remove() {},
      add(name) {
        this.last = name;
      },
    },
    querySelector(selector) {
      if (!children.has(selector)) children.set(selector, element());
      return children.get(selector);
    },
  };
}

function connectionView() {
  const parts = new Map();
  const page = {
    body: element(),
    getElementById(id) {
      if (!parts.has(id)) parts.set(id, element());
      return parts.get(id);
    },
  };
  return { page, part: (id) => page.getElementById(id), view: new ConnectionView(page) };
}

for (const [code, title, pill] of [
  [4001, "You are not signed in", "Signed out"],
  [4009, "You have been signed out", "Signed out"],
  [4003, "You have been disconnected", "Disconnected"],
  [4050, "The connection was closed", "Disconnected"],
]) {
  test(`the banner says what close code ${code} means`, () => {
    const { page, part, view } = connectionView();
    view.showEnd(code, "");
    assert.equal(part("banner").hidden, false);
    assert.equal(part("banner-title").textContent, title);
    assert.equal(part("connection-text").textContent, pill);
    assert.equal(page.body.dataset.connection, "closed");
  });
}

test("a kick shows the reason that was given", () => {
  const { part, view } = connectionView();
  view.showEnd(4003, "maintenance");
  assert.equal(part("banner-detail").textContent, "maintenance");
});

test("a page whose browser somebody else uses by now says so", () => {
  const { part, view } = connectionView();
  view.showEnd(4001, "another user is signed in");
  assert.equal(part("banner-detail").textContent, "another user is signed in");
});

test("a lost connection is no slow connection", () => {
  const { part, view } = connectionView();
  view.showLag(true);
  assert.equal(part("lag-badge").hidden, false);
  view.showState("waiting");
  assert.equal(part("lag-badge").hidden, true);
  assert.equal(part("connection-text").textContent, "Reconnecting");
});

test("a connection on which nothing comes is not live, and lags on afterwards as it did before", () => {
  const { page, part, view } = connectionView();
  view.showState("open");
  view.showLag(true);
  view.showState("silent");
  assert.deepEqual([part("connection-text").textContent, page.body.dataset.connection], ["No answer", "silent"]);
  view.showState("open");
  assert.equal(part("lag-badge").hidden, false);
});

/** A chart with these candles, as the library keeps it. */
function chartOf(...candles) {
  const chart = new Chart({ chart_id: "c", exchange: "X", item: "Y", date: "20260105", shape: "ohlc" }, 100);
  const series = [{ name: "Y", type: "candlestick", yAxisIndex: 0, data: candles }];
  const picture = { legends: ["Y"], xAxis: { type: "category", data: candles.map(([label]) => label) }, yAxis: [{ name: "price" }], series };
  chart.onRender({ type: "render", update: "static", chart_id: "c", seq: candles.length, chart: picture });
  return chart;
}

function quoteCard() {
  const root = element();
  const texts = () => ["price", "change", "percent", "low", "high"].map((role) => root.querySelector(`[data-role="${role}"]`).textContent);
  return { root, texts, card: new QuoteCard(root) };
}

test("a quote card shows the last price, the change since the first candle, and the range", () => {
  const { root, texts, card } = quoteCard();
  card.show(chartOf(["a", 100, 101.25, 99, 103], ["b", 101, 105, 98, 106]));
  assert.deepEqual(texts(), ["105.00", "+5.00", "+5.00 %", "98.00", "106.00"]);
  card.update(chartOf(["a", 100, 101.25, 99, 103], ["b", 101, 90, 90, 106]));
  assert.deepEqual(texts(), ["90.00", "-10.00", "-10.00 %", "90.00", "106.00"]);
  assert.equal(root.dataset.direction, "down");
  assert.equal(root.querySelector('[data-role="price"]').classList.last, "tick-down");
});

test("a quote card tells neighbouring prices apart, tiny ones and those below zero", () => {
  const { root, texts, card } = quoteCard();
  card.show(chartOf(["a", 0.00001234, 0.00001235, 0.00001234, 0.00001235]));
  assert.deepEqual(texts(), ["0.00001235", "+0.00000001", "+0.08 %", "0.00001234", "0.00001235"]);
  assert.ok(root.marked.has("data-long"));
  card.show(chartOf(["a", -38.63, -37.63, -40, -37.63]));
  assert.deepEqual(texts(), ["-37.63", "+1.00", "+2.59 %", "-40.00", "-37.63"]);
  assert.ok(!root.marked.has("data-long"));
});

test("a picture without candles leaves the card as it is", () => {
  const { texts, card } = quoteCard();
  card.show(chartOf());
  assert.equal(texts()[0], "");
});

test("a dot is lit at each person who is online, and nobody's while nobody tells", () => {
  const people = ["1", "2"].map((userId) => ({ ...element(), dataset: { userId, name: `user ${userId}` } }));
  const parts = { people: { hidden: true, querySelectorAll: () => people }, "people-count": element() };
  const view = new PeopleView({ getElementById: (id) => parts[id] });
  view.show(new Set(["2", "77"]));
  assert.deepEqual(people.map(({ dataset }) => dataset.presence), ["offline", "online"]);
  assert.equal(people[1].title, "user 2 is online");
  assert.equal(people[0].querySelector("[data-role='presence']").textContent, "offline");
  assert.deepEqual([parts["people-count"].textContent, parts.people.hidden], ["2", false]);
  view.hide();
  assert.equal(parts.people.hidden, true);
});
