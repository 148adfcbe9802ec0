import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestTable } from "../../site/static/js/rtc/request_table.js";
import { RTError } from "../../site/static/js/rtc/rt_error.js";
import { FakeClock } from "./fake_clock.mjs";

test("an answer finds its request by id, in any order", async () => {
  const table = new RequestTable(new FakeClock());
  const [first, second] = [table.add(1000), table.add(1000)];
  assert.equal(table.settle({ type: "ping", data: "two", id: second.id }), true);
  assert.equal(table.settle({ type: "ping", data: "one", id: first.id }), true);
  assert.deepEqual([await first.answer, await second.answer, table.size], ["one", "two", 0]);
});

test("an error answer rejects with the server's code", async () => {
  const table = new RequestTable(new FakeClock());
  const { id, answer } = table.add(1000);
  table.settle({ type: "error", data: { code: "forbidden", message: "not yours", type: "secret" }, id });
  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof RTError);
    assert.deepEqual([error.code, error.message, error.type], ["forbidden", "not yours", "secret"]);
    return true;
  });
});

test("an error answer without data is still an error", async () => {
  const table = new RequestTable(new FakeClock());
  const { id, answer } = table.add(1000);
  table.settle({ type: "error", id });
  await assert.rejects(answer, { code: "internal" });
});

test("a request that nobody answers ends at its timeout, and a late answer finds nobody", async () => {
  const clock = new FakeClock();
  const table = new RequestTable(clock);
  const { id, answer } = table.add(1000);
  clock.advance(999);
  assert.equal(table.size, 1);
  clock.advance(1);
  await assert.rejects(answer, { code: "timeout" });
  assert.equal(table.settle({ type: "ping", data: 1, id }), false);
});

test("an answer takes its timer with it", () => {
  const clock = new FakeClock();
  const table = new RequestTable(clock);
  table.settle({ type: "ping", data: 1, id: table.add(1000).id });
  assert.equal(clock.pending, 0);
});

test("messages without an id, or with one that was never given out, are no answers", () => {
  const table = new RequestTable(new FakeClock());
  const { id } = table.add(1000);
  assert.equal(table.settle({ type: "ping", data: 1 }), false);
  assert.equal(table.settle({ type: "ping", data: 1, id: String(id) }), false);
  assert.equal(table.size, 1);
});

test("a lost connection ends them all", async () => {
  const clock = new FakeClock();
  const table = new RequestTable(clock);
  const answers = [table.add(1000), table.add(2000)].map(({ answer }) => answer);
  table.rejectAll(new RTError("disconnected", "gone"));
  for (const answer of answers) await assert.rejects(answer, { code: "disconnected" });
  assert.deepEqual([table.size, clock.pending], [0, 0]);
});
