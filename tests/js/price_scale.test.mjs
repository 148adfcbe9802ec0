import assert from "node:assert/strict";
import { test } from "node:test";
import { plainNumber, shortNumber } from "../../site/static/js/rtc/number_format.js";
import { PriceScale } from "../../site/static/js/rtc/price_scale.js";

function scaleOf(prices, said) {
  const scale = new PriceScale(said);
  for (const price of prices) scale.see(price);
  return scale;
}

const steps = (first, step, count = 60) => Array.from({ length: count }, (_, i) => first + i * step);

for (const [first, step, decimals] of [
  [0.00001234, 1e-8, 8], [1.08421, 1e-5, 5], [67_120, 0.5, 1], [12_345_678, 10, 0], [-37.63, 1.5, 2],
  [100.03125, 0.03125, 5], [12_345_678.25, 0.25, 2], [0, 0, 0], [1e15, 1, 0], [5e-20, 1e-20, 20],
]) {
  test(`prices from ${first} by ${step} are shown with ${decimals} decimals`, () => {
    const prices = steps(first, step).map((price) => Number(price.toPrecision(12)));
    const scale = scaleOf(prices);
    assert.equal(scale.decimals, decimals);
    const different = new Set(prices);
    assert.equal(new Set(prices.map((price) => scale.format(price))).size, different.size);
  });
}

test("prices that were added up are shown as if they had been written", () => {
  let price = 1.08421;
  const sums = Array.from({ length: 100 }, () => (price += 0.00001));
  assert.equal(scaleOf(sums).decimals, 5);
  assert.equal(scaleOf([0.1 + 0.2, 0.3, 0.4]).decimals, 1);
});

test("computed prices are shown with as many decimals as tell their smallest step", () => {
  assert.equal(scaleOf([100 / 3, 100 / 3 + 0.025, 100 / 3 + 1]).decimals, 2);
  assert.equal(scaleOf([100 / 3]).format(100 / 3), "33.33");
});

test("decimals only grow: what was shown with two stays so", () => {
  const scale = scaleOf([430.25]);
  for (let i = 0; i < 5000; i += 1) scale.see(430 + (i % 9));
  assert.equal(scale.format(431), "431.00");
});

test("the quote's own decimals decide; what is none of them is passed over", () => {
  assert.equal(scaleOf([430, 1.234567], 2).format(430), "430.00");
  for (const said of [undefined, null, -1, 1.5, "2", 99]) assert.equal(scaleOf([430.5], said).decimals, 1);
});

test("what is no price is passed over", () => {
  assert.deepEqual([scaleOf([null, undefined, "7", 430.5, null]).decimals, scaleOf([]).width], [1, 0]);
});

test("the longest price is known, a sign included", () => {
  assert.equal(scaleOf([1.5, -1000.25, 7]).width, "-1,000.25".length);
});

test("changes have a sign, averages up to two decimals more than prices", () => {
  const scale = scaleOf([430, 431]);
  assert.deepEqual([scale.formatChange(1), scale.formatChange(-1), scale.formatChange(0)], ["+1", "-1", "0"]);
  assert.deepEqual([scale.formatAverage(430.5), scale.formatAverage(430.123456789012), scale.formatAverage(431)], ["430.5", "430.12", "431"]);
});

test("numbers that are no prices have what was written, or four digits of what was computed", () => {
  assert.deepEqual([21_058, 0.00012345, 70.53571428571429, 2 / 3e8, 0, -0].map(plainNumber), ["21,058", "0.00012345", "70.54", "0.000000006667", "0", "0"]);
});

test("an axis is short only where nothing is lost by it", () => {
  assert.deepEqual([0, 430.5, -0.25, 9999, 35_000, 1_250_000, 1_234_567, -12_500, 2e-8, 3e9].map(shortNumber),
    ["0", "430.5", "-0.25", "9,999", "35K", "1.25M", "1,234,567", "-12.5K", "2e-8", "3B"]);
});
