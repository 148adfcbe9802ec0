import assert from "node:assert/strict";
import { test } from "node:test";
import { RingBuffer } from "../../site/static/js/rtc/ring_buffer.js";

/** Numbers from a seed (a linear congruence), so that a failure can be had again. */
function seededNumbers(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

function doSomething(buffer, model, capacity, next) {
  const choice = next(10);
  if (choice === 0) {
    buffer.clear();
    model.length = 0;
  } else if (choice <= 3 && model.length > 0) {
    const item = next(1000);
    buffer.replaceLast(item);
    model[model.length - 1] = item;
  } else {
    const item = next(1000);
    model.push(item);
    assert.equal(buffer.push(item), model.length > capacity);
    if (model.length > capacity) model.shift();
  }
}

function assertSame(buffer, model) {
  assert.deepEqual(buffer.toArray(), model);
  assert.equal(buffer.length, model.length);
  assert.equal(buffer.last, model.at(-1));
  assert.deepEqual(model.map((_, index) => buffer.at(index)), model);
}

for (let seed = 1; seed <= 40; seed += 1) {
  const capacity = 1 + (seed % 9);
  test(`a ring of ${capacity} is like an array that is cut at the front (seed ${seed})`, () => {
    const [buffer, model, next] = [new RingBuffer(capacity), [], seededNumbers(seed)];
    for (let step = 0; step < 200; step += 1) {
      doSomething(buffer, model, capacity, next);
      assertSame(buffer, model);
    }
  });
}

test("an item that is inserted into a full ring costs the oldest, which may be itself", () => {
  const buffer = new RingBuffer(3);
  for (const item of [1, 2, 4, 5]) buffer.push(item);
  assert.equal(buffer.insert(1, 3), true);
  assert.deepEqual(buffer.toArray(), [3, 4, 5]);
  assert.equal(buffer.insert(0, 2), true);
  assert.deepEqual(buffer.toArray(), [3, 4, 5]);
  buffer.replace(1, 4.5);
  buffer.push(6);
  assert.deepEqual(buffer.toArray(), [4.5, 5, 6]);
});

test("a ring that is filled with another capacity keeps the newest of them, and goes on with it", () => {
  const buffer = new RingBuffer(2);
  for (const item of [1, 2, 3]) buffer.push(item);
  assert.equal(buffer.fill([1, ...buffer.toArray()], 4), false);
  for (const item of [4, 5]) buffer.push(item);
  assert.deepEqual(buffer.toArray(), [2, 3, 4, 5]);
});

test("places outside of it are refused", () => {
  const buffer = new RingBuffer(2);
  assert.throws(() => buffer.at(0), RangeError);
  assert.throws(() => buffer.replaceLast(1), RangeError);
  buffer.push(1);
  for (const index of [-1, 1, NaN]) assert.throws(() => buffer.at(index), RangeError);
});

for (const capacity of [0, -1, NaN, undefined]) {
  test(`a capacity of ${capacity} is refused`, () => assert.throws(() => new RingBuffer(capacity), RangeError));
}
