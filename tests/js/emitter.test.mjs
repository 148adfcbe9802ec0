import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../../site/static/js/rtc/emitter.js";

test("listeners are called in the order they came, with all arguments", () => {
  const emitter = new Emitter();
  const calls = [];
  emitter.on("tick", (...args) => calls.push(["first", ...args]));
  emitter.on("tick", (...args) => calls.push(["second", ...args]));
  emitter.emit("tick", 1, 2);
  assert.deepEqual(calls, [["first", 1, 2], ["second", 1, 2]]);
});

test("a listener that was ended hears nothing more, and its twin goes on", () => {
  const emitter = new Emitter();
  let calls = 0;
  const listener = () => (calls += 1);
  const end = emitter.on("tick", listener);
  emitter.on("tick", listener);
  end();
  end();
  emitter.emit("tick");
  assert.equal(calls, 1);
});

test("a listener that throws is reported and does not stop the others", () => {
  const reported = [];
  const emitter = new Emitter((error) => reported.push(error.message));
  let calls = 0;
  emitter.on("tick", () => {
    throw new Error("broken");
  });
  emitter.on("tick", () => (calls += 1));
  emitter.emit("tick");
  assert.deepEqual([reported, calls], [["broken"], 1]);
});

test("a listener that ends itself or adds another does not disturb the round that runs", () => {
  const emitter = new Emitter();
  const calls = [];
  const end = emitter.on("tick", () => {
    end();
    emitter.on("tick", () => calls.push("added"));
    calls.push("once");
  });
  emitter.on("tick", () => calls.push("always"));
  emitter.emit("tick");
  assert.deepEqual(calls, ["once", "always"]);
  emitter.emit("tick");
  assert.deepEqual(calls, ["once", "always", "always", "added"]);
});

test("an event named like a property of every object is an event like any other", () => {
  const emitter = new Emitter();
  let calls = 0;
  emitter.emit("constructor");
  emitter.on("__proto__", () => (calls += 1));
  emitter.emit("__proto__");
  assert.equal(calls, 1);
});
