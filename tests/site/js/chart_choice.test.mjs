import assert from "node:assert/strict";
import { test } from "node:test";

import { KeptChoice, settle } from "../../../site/static/js/pages/chart_choice.js";
import { tabStorage } from "../../../site/static/js/pages/tab_storage.js";

const CANDLES = { item: "AAPL", period: "60", shape: "ohlc", indicators: ["sma:20"] };
const OFFERED = { item: ["AAPL", "IBM"], period: ["0", "60", "300"], shape: ["ohlc", "line", "scatter"], indicators: ["sma:20", "rsi:14"] };
const isOffered = (name, value) => OFFERED[name].includes(value);
const choose = (choice, name, value) => settle({ ...choice, [name]: value }, name);
const shown = ({ period, shape }) => [period, shape];

test("candles of ticks become a line, and candles again with the next bars", () => {
  const ticks = choose(CANDLES, "period", "0");
  assert.deepEqual(shown(ticks), ["0", "line"]);
  assert.deepEqual(shown(choose(ticks, "period", "300")), ["300", "ohlc"]);
  assert.deepEqual(shown(choose(choose(choose(ticks, "indicators", []), "item", "IBM"), "period", "60")), ["60", "ohlc"]);
});

test("a shape that was chosen among ticks stays with the next bars", () => {
  const points = choose(choose(CANDLES, "period", "0"), "shape", "scatter");
  assert.deepEqual(shown(choose(points, "period", "60")), ["60", "scatter"]);
  const line = choose(choose({ ...CANDLES, shape: "line" }, "period", "0"), "period", "60");
  assert.deepEqual(shown(line), ["60", "line"]);
});

test("candles that are chosen among ticks are bars of a minute", () => {
  assert.deepEqual(shown(choose({ ...CANDLES, period: "0", shape: "line" }, "shape", "ohlc")), ["60", "ohlc"]);
});

function keeping(storage = tabStorage(() => null)) {
  return { storage, kept: (userId = "1") => new KeptChoice(storage, userId), read: (userId = "1") => new KeptChoice(storage, userId).read(CANDLES, isOffered) };
}

test("a choice is kept for the user, with the shape to go back to", () => {
  const { kept, read } = keeping();
  kept().keep(choose({ ...CANDLES, item: "IBM", indicators: ["rsi:14"] }, "period", "0"));
  assert.deepEqual(read(), { item: "IBM", period: "0", shape: "line", indicators: ["rsi:14"], before: "ohlc" });
  assert.deepEqual(shown(choose(read(), "period", "60")), ["60", "ohlc"]);
  assert.deepEqual(read("2"), { ...CANDLES, before: null });
});

test("an indicator of the server's list, which comes later, is chosen again", () => {
  const { kept, read } = keeping();
  kept().keep({ ...CANDLES, indicators: ["sma:20", "psar:0.02:0.2"] });
  assert.deepEqual(read().indicators, ["sma:20", "psar:0.02:0.2"]);
});

test("no indicators are a choice, too", () => {
  const { kept, read } = keeping();
  kept().keep({ ...CANDLES, indicators: [] });
  assert.deepEqual(read().indicators, []);
});

test("what is not offered any more, or makes no sense, is not chosen", () => {
  const { storage, kept, read } = keeping();
  kept().keep({ item: "GONE", period: "0", shape: "ohlc", indicators: ["sma:20", "Gone", "<b>", 7], before: "gone" });
  assert.deepEqual(read(), { item: "AAPL", period: "0", shape: "line", indicators: ["sma:20"], before: "ohlc" });
  for (const broken of ["{", "null", "7", '"text"', "[]", '{"item":{},"indicators":"sma:20"}']) {
    storage.setItem("rtserver.chart.1", broken);
    assert.deepEqual(read(), { ...CANDLES, before: null });
  }
});

test("a browser that refuses storage, and one whose storage is full, cost nothing but the memory", () => {
  const refused = tabStorage(() => {
    throw new Error("SecurityError");
  });
  const { kept, read } = keeping(refused);
  kept().keep({ ...CANDLES, item: "IBM" });
  assert.equal(read().item, "IBM");
  const full = { getItem: () => null, setItem: () => { throw new Error("quota"); } };
  const other = keeping(full);
  other.kept().keep(CANDLES);
  assert.equal(other.read().item, "AAPL");
});
