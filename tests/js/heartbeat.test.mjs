import assert from "node:assert/strict";
import { test } from "node:test";
import { Heartbeat } from "../../site/static/js/rtc/heartbeat.js";
import { FakeClock } from "./fake_clock.mjs";

function startHeartbeat({ intervalMs = 1000, isWatched = false } = {}) {
  const clock = new FakeClock();
  const events = [];
  const begin = clock.now();
  const note = (what) => events.push([what, clock.now() - begin]);
  const heartbeat = new Heartbeat(clock, {
    ping: () => note("ping"),
    onSilence: (isSilent, silentMs) => note(isSilent ? `silent for ${silentMs}` : "heard"),
    giveUp: () => note("dead"),
  });
  heartbeat.watch(isWatched);
  heartbeat.start(intervalMs);
  return { clock, events, heartbeat };
}

const startWatched = () => startHeartbeat({ intervalMs: 25_000, isWatched: true });

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

// A page that is seen.

test("whoever looks knows within ten seconds that nothing comes, long before the connection is given up", () => {
  const { clock, events } = startWatched();
  clock.advance(600_000);
  assert.deepEqual(events, [["ping", 5000], ["silent for 9000", 9000], ["dead", 42_500]]);
  assert.equal(clock.pending, 0);
});

test("a page on which something comes every few seconds asks nothing", () => {
  const { clock, events, heartbeat } = startWatched();
  for (let round = 0; round < 200; round += 1) {
    clock.advance(4900);
    heartbeat.heard();
  }
  assert.deepEqual(events, []);
});

test("anything that comes ends the silence, and the next one begins anew", () => {
  const { clock, events, heartbeat } = startWatched();
  clock.advance(20_000);
  assert.ok(heartbeat.isSilent);
  heartbeat.heard();
  assert.ok(!heartbeat.isSilent);
  clock.advance(9000);
  assert.deepEqual(events.slice(1), [["silent for 9000", 9000], ["heard", 20_000], ["ping", 25_000], ["silent for 9000", 29_000]]);
});

test("a page that nobody sees asks in the server's interval, and says nothing of a silence", () => {
  const { clock, events, heartbeat } = startWatched();
  heartbeat.watch(false);
  clock.advance(600_000);
  assert.deepEqual(events, [["ping", 25_000], ["dead", 62_500]]);
});

test("a page that comes into view after a silence asks at once", () => {
  const { clock, events, heartbeat } = startHeartbeat({ intervalMs: 25_000 });
  clock.advance(20_000);
  heartbeat.watch(true);
  clock.advance(4000);
  assert.deepEqual(events, [["ping", 20_000], ["silent for 24000", 24_000]]);
});

test("a server that asks more often than that is asked as often", () => {
  const { clock, events } = startHeartbeat({ intervalMs: 3000, isWatched: true });
  clock.advance(60_000);
  assert.deepEqual(events, [["ping", 3000], ["silent for 7000", 7000], ["dead", 7500]]);
});

test("the end of a connection is the end of its silence", () => {
  const { clock, heartbeat } = startWatched();
  clock.advance(10_000);
  heartbeat.stop();
  assert.deepEqual([heartbeat.isSilent, clock.pending], [false, 0]);
});

// A sign that the network has changed.

test("a connection that does not answer after such a sign is given up soon, however many signs there are", () => {
  const { clock, events, heartbeat } = startWatched();
  clock.advance(2000);
  for (let sign = 0; sign < 5; sign += 1) heartbeat.probe();
  clock.advance(60_000);
  assert.deepEqual(events, [["ping", 2000], ["dead", 6000]]);
});

test("one that answers goes on as before", () => {
  const { clock, events, heartbeat } = startWatched();
  clock.advance(2000);
  heartbeat.probe();
  heartbeat.heard();
  clock.advance(9000);
  assert.deepEqual(events, [["ping", 2000], ["ping", 7000], ["silent for 9000", 11_000]]);
});

test("what has just come is answer enough, and a connection that is over is not asked", () => {
  const { clock, events, heartbeat } = startWatched();
  clock.advance(900);
  heartbeat.probe();
  heartbeat.stop();
  clock.advance(5000);
  heartbeat.probe();
  assert.deepEqual([events, clock.pending], [[], 0]);
});

test("a page that was frozen behind its question asks anew before it gives up", () => {
  const { clock, events, heartbeat } = startWatched();
  clock.advance(5000);
  clock.sleep(3_600_000);
  heartbeat.probe();
  clock.advance(3999);
  assert.deepEqual(events, [["ping", 5000], ["ping", 3_605_000]]);
  heartbeat.heard();
  assert.ok(!heartbeat.isSilent);
});
