/** Texts are measured on canvases that do not get old. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { equip, TextMeasure } from "../../site/static/js/rtc/text_measure.js";

function fakeContexts() {
  const contexts = [];
  const make = () => {
    const context = { font: "10px serif", texts: [], fonts: 0, measureText: (text) => context.take(text) };
    context.take = (text) => {
      context.texts.push([text, context.font]);
      return { width: text.length };
    };
    contexts.push(context);
    return context;
  };
  return { contexts, make };
}

test("a text is measured in the font that is asked for, or in ECharts' own", () => {
  const { contexts, make } = fakeContexts();
  const { measure } = new TextMeasure(make);
  assert.deepEqual([measure("abc", "11px x"), measure("de", "11px x"), measure("f")].map(({ width }) => width), [3, 2, 1]);
  assert.deepEqual(contexts.map(({ texts }) => texts), [[["abc", "11px x"], ["de", "11px x"], ["f", "12px sans-serif"]]]);
});

test("a hundred thousand texts are measured on canvases of five hundred each, each in its font", () => {
  const { contexts, make } = fakeContexts();
  const { measure } = new TextMeasure(make);
  for (let number = 0; number < 100_000; number += 1) measure(String(number), "11px x");
  assert.deepEqual([contexts.length, new Set(contexts.map(({ texts }) => texts.length))], [200, new Set([500])]);
  assert.ok(contexts.every(({ font }) => font === "11px x"));
});

test("an ECharts is told once, and one that cannot be told is left alone", () => {
  const told = [];
  const echarts = { setPlatformAPI: (api) => told.push(Object.keys(api)) };
  for (let times = 0; times < 3; times += 1) equip(echarts);
  equip({});
  assert.deepEqual(told, [["measureText"]]);
});
