import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectionView } from "../../../site/static/js/pages/connection_view.js";
import { QuoteCard } from "../../../site/static/js/pages/quote_card.js";

/** As much of an element as the views touch. */
function element() {
  const children = new Map();
  return {
    textContent: "",
    hidden: true,
    dataset: {},
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

test("a quote card shows the last price, the change since the first candle, and the range", () => {
  const root = element();
  const text = (role) => root.querySelector(`[data-role="${role}"]`).textContent;
  const card = new QuoteCard(root);
  card.replace([["a", 100, 101, 99, 103], ["b", 101, 105, 98, 106]]);
  assert.deepEqual(["price", "change", "percent", "low", "high"].map(text), ["105.00", "+5.00", "+5.00 %", "98.00", "106.00"]);
  card.update([["b", 101, 90, 90, 106]]);
  assert.deepEqual(["price", "change", "percent", "low", "high"].map(text), ["90.00", "-10.00", "-10.00 %", "90.00", "106.00"]);
  assert.equal(root.dataset.direction, "down");
  assert.equal(root.querySelector('[data-role="price"]').classList.last, "tick-down");
});

test("a picture without candles leaves the card as it is", () => {
  const root = element();
  new QuoteCard(root).replace([]);
  assert.equal(root.querySelector('[data-role="price"]').textContent, "");
});
