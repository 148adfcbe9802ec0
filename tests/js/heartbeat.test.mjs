import assert from "node:assert/strict";
import { test } from "node:test";
import { Heartbeat } from "../../site/static/js/rtc/heartbeat.js";
import { FakeClock } from "./fake_clock.mjs";

function startHeartbeat() {
  const clock = new FakeClock();
  const events = [];
  const begin = clock.now();
  const note = (what) => () => events.push([what, clock.now() - begin]);
  const heartbeat = new Heartbeat({ clock, ping: note("ping"), giveUp: note("dead") });
  heartbeat.start(1000);
  return { clock, events, heartbeat };
}

test("silence for an interval is answered with one ping, for two and a half with death", () => {
  const { clock, events } = startHeartbeat();
  clock.advance(60_000);
  assert.deepEqual(events, [["ping", 1000], ["dead", 2500]]);
  assert.equal(clock.pending, 0);
});

test("a connection that hears something in every interval sends nothing", () => {
  const { clock, events, heartbeat } = startHeartbeat();
  for (let round = 0; round < 50; round += 1) {
    clock.advance(900);
    heartbeat.heard();
  }
  assert.deepEqual(events, []);
});

test("an answer to the ping begins the next interval", () => {
  const { clock, events, heartbeat } = startHeartbeat();
  clock.advance(2400);
  heartbeat.heard();
  clock.advance(2000);
  assert.deepEqual(events, [["ping", 1000], ["ping", 3400]]);
});

test("a page whose timers were held back asks before it gives up", () => {
  const { clock, events } = startHeartbeat();
  clock.sleep(60_000);
  clock.advance(0);
  assert.deepEqual(events, [["ping", 60_000]]);
  clock.advance(1499);
  assert.equal(events.length, 1);
  clock.advance(1);
  assert.deepEqual(events.at(-1), ["dead", 61_500]);
});

test("what was heard touches no timer: there is one, however many messages come", () => {
  const { clock, heartbeat } = startHeartbeat();
  for (let message = 0; message < 1000; message += 1) heartbeat.heard();
  assert.equal(clock.pending, 1);
});

test("after stop there is neither a ping nor a timer", () => {
  const { clock, events, heartbeat } = startHeartbeat();
  heartbeat.stop();
  clock.advance(10_000);
  assert.deepEqual([events, clock.pending], [[], 0]);
});

test("another interval counts from the moment it was given", () => {
  const { clock, events, heartbeat } = startHeartbeat();
  clock.advance(500);
  heartbeat.start(4000);
  clock.advance(4000);
  assert.deepEqual(events, [["ping", 4500]]);
});
