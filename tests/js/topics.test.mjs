/** Subscriptions to services: snapshot, updates in order, and what mends a gap. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Topics } from "../../site/static/js/rtc/topics.js";
import { startClient, startWelcomedClient, USERINFO, welcome } from "./client_harness.mjs";

const ROME = { city: "rome" };
const NAME = 'weather {"city":"rome"}';

/** A client with one subscription, of which everything is noted. */
function startTopic({ isWelcome = true, ...options } = {}) {
  const parts = isWelcome ? startWelcomedClient() : startClient();
  const heard = [];
  const listener = {
    onSnapshot: (data, { seq }) => heard.push(["snapshot", data, seq]),
    onUpdate: (update, { seq }) => heard.push(["update", update, seq]),
    onError: ({ code }) => heard.push(["error", code]),
    ...options,
  };
  const end = parts.client.subscribe("weather", ROME, listener);
  const { network } = parts;
  const asked = () => network.socket.messages.filter(({ type }) => type === "topic");
  const say = (data, id) => network.socket.say("topic", { topic_id: NAME, epoch: "e1", ...data }, id);
  const snapshot = (seq, data, more) => say({ op: "snapshot", seq, data, ...more }, asked().at(-1).id);
  const update = (prev_seq, seq, updates, more) => say({ op: "update", prev_seq, seq, updates, ...more });
  const resumed = (seq) => say({ op: "update", prev_seq: seq, seq, updates: [] }, asked().at(-1).id);
  const refuse = (code) => network.socket.say("error", { code, message: "no", type: "topic", topic_id: NAME }, asked().at(-1).id);
  const comeBack = () => {
    network.socket.hangUp(1006);
    parts.clock.advance(500);
    welcome(network, { ...USERINFO, uid: "1-2" });
  };
  const take = () => heard.splice(0);
  return { ...parts, end, heard, asked, say, snapshot, update, resumed, refuse, comeBack, take };
}

test("a subscription is asked for by service and request, under a name that equal pages share", () => {
  const { asked } = startTopic({ maxRate: 2 });
  const [{ data, id }] = asked();
  assert.deepEqual(data, { op: "subscribe", topic_id: NAME, service: "weather", request: ROME, max_rate: 2 });
  assert.equal(id, "topic-1");
});

test("what is subscribed before there is a connection is asked for when there is one, once", () => {
  const { network, asked } = startTopic({ isWelcome: false });
  welcome(network);
  assert.equal(asked().length, 1);
});

test("the snapshot comes first, then each update by itself, with its number", () => {
  const { snapshot, update, heard } = startTopic();
  snapshot(3, { celsius: 20 });
  update(3, 5, [{ celsius: 21 }, { celsius: 22 }]);
  assert.deepEqual(heard, [
    ["snapshot", { celsius: 20 }, 3],
    ["update", { celsius: 21 }, 4],
    ["update", { celsius: 22 }, 5],
  ]);
});

test("an update before the snapshot, of another request or of another name is nobody's", () => {
  const { snapshot, update, say, heard } = startTopic();
  update(3, 4, ["early"]);
  say({ op: "snapshot", seq: 9, data: "late" }, "topic-0");
  snapshot(3, "state");
  say({ op: "update", prev_seq: 3, seq: 4, updates: ["other"], topic_id: "weather~2" });
  assert.deepEqual(heard, [["snapshot", "state", 3]]);
});

test("behind a gap nothing is handed on, and what follows is asked for from the last number on", () => {
  const { snapshot, update, asked, take, clock } = startTopic();
  snapshot(3, "state");
  take();
  update(4, 5, ["five"]);
  update(5, 6, ["six"]);
  clock.advance(15_000);
  assert.deepEqual(take(), []);
  assert.equal(asked().length, 2);
  assert.deepEqual(asked()[1].data.after, { epoch: "e1", seq: 3 });
});

test("a service that keeps updates mends a gap with those that are missing", () => {
  const { snapshot, update, resumed, take } = startTopic();
  snapshot(3, "state");
  update(4, 5, ["five"]);
  take();
  resumed(3);
  update(3, 5, ["four", "five"]);
  update(5, 6, ["six"]);
  assert.deepEqual(take().map(([, data]) => data), ["four", "five", "six"]);
});

test("another service mends it with a snapshot", () => {
  const { snapshot, update, take } = startTopic();
  snapshot(3, "state");
  update(4, 5, ["five"]);
  take();
  snapshot(6, "new state");
  update(6, 7, ["seven"]);
  assert.deepEqual(take().map(([, data]) => data), ["new state", "seven"]);
});

test("another epoch is a gap even where the numbers fit", () => {
  const { snapshot, update, asked, take } = startTopic();
  snapshot(3, "state");
  take();
  update(3, 4, ["four"], { epoch: "e2" });
  assert.deepEqual([take(), asked().length], [[], 2]);
});

test("while the client lags nothing is asked for; afterwards it is, once", () => {
  const { snapshot, update, asked, network, clock } = startTopic();
  snapshot(3, "state");
  network.socket.say("notice", { code: "lag", lagging: true });
  update(9, 10, ["ten"]);
  update(20, 21, ["more"]);
  clock.advance(15_000);
  assert.equal(asked().length, 1);
  network.socket.say("notice", { code: "lag", lagging: false });
  assert.equal(asked().length, 2);
});

test("on a new connection it is asked for what was missed", () => {
  const { snapshot, update, asked, resumed, comeBack, take } = startTopic();
  snapshot(3, "state");
  update(3, 4, ["four"]);
  comeBack();
  assert.deepEqual(asked().map(({ data }) => data.after), [{ epoch: "e1", seq: 4 }]);
  take();
  resumed(4);
  update(4, 6, ["five", "six"]);
  assert.deepEqual(take().map(([, data]) => data), ["five", "six"]);
});

test("a refusal for now is tried again, and any other is not before the next connection", () => {
  const { refuse, asked, comeBack, clock, take } = startTopic();
  refuse("rate_limited");
  clock.advance(1000);
  assert.equal(asked().length, 2);
  refuse("forbidden");
  clock.advance(15_000);
  assert.equal(asked().length, 2);
  assert.deepEqual(take(), [["error", "rate_limited"], ["error", "forbidden"]]);
  comeBack();
  assert.equal(asked().length, 1);
});

test("a refusal that nobody listens to is a warning", () => {
  const { client, network, clock } = startWelcomedClient();
  const warnings = [];
  new Topics(client, clock, (text) => warnings.push(text)).subscribe("weather", ROME, {});
  network.socket.say("error", { code: "forbidden", message: "no", type: "topic" }, "topic-1");
  assert.deepEqual(warnings, ["rtserver: weather was refused, forbidden: no"]);
});

test("an end is said to the server once, and nothing comes any more", () => {
  const { snapshot, update, end, network, asked, take, comeBack } = startTopic();
  snapshot(3, "state");
  take();
  end();
  end();
  assert.deepEqual(network.socket.messages.at(-1).data, { op: "unsubscribe", topic_id: NAME });
  assert.equal(asked().length, 2);
  update(3, 4, ["four"]);
  comeBack();
  assert.deepEqual([take(), asked().length], [[], 0]);
});

test("two subscriptions to the same have names of their own, and each hears its own", () => {
  const parts = startTopic();
  const other = [];
  parts.client.subscribe("weather", ROME, { onSnapshot: (data) => other.push(data) });
  const [, second] = parts.asked();
  assert.equal(second.data.topic_id, `${NAME}~2`);
  parts.say({ op: "snapshot", seq: 1, data: "for both", topic_id: `${NAME}~2` }, second.id);
  assert.deepEqual([other, parts.heard], [["for both"], []]);
});

test("a long request is named by its beginning", () => {
  const { client, network } = startWelcomedClient();
  client.subscribe("search", { text: "ü".repeat(500) }, {});
  assert.equal([...network.socket.messages.at(-1).data.topic_id].length, 128);
});

test("a listener that throws costs nobody the next update", (context) => {
  const report = context.mock.method(console, "error", () => {});
  const { snapshot, update, take } = startTopic({
    onSnapshot: () => {
      throw new Error("oh");
    },
  });
  snapshot(3, "state");
  update(3, 4, ["four"]);
  assert.deepEqual(take(), [["update", "four", 4]]);
  assert.equal(report.mock.callCount(), 1);
});

test("a client that is closed has no timer for a subscription, and one that is disposed of takes none", () => {
  const { refuse, client, clock: own } = startTopic();
  refuse("rate_limited");
  client.close();
  assert.equal(own.pending, 0);
  client.dispose();
  assert.throws(() => client.subscribe("weather", ROME, {}), /disposed/);
});

test("a corrected part comes before the updates of its message, and has no number of its own", () => {
  const heard = [];
  const note = (name) => (data, { seq }) => heard.push([name, data, seq]);
  const { snapshot, update } = startTopic({ onUpdate: note("update"), onCorrected: note("corrected") });
  snapshot(3, "state");
  update(3, 4, ["d"], { corrected: ["b", "c"] });
  update(4, 4, [], { corrected: ["a"] });
  assert.deepEqual(heard, [["corrected", "b", 3], ["corrected", "c", 3], ["update", "d", 4], ["corrected", "a", 4]]);
});

test("fields come after the updates of their message, with the number of the last one", () => {
  const heard = [];
  const note = (name) => (data, { seq }) => heard.push([name, data, seq]);
  const { snapshot, update } = startTopic({ onUpdate: note("update"), onFields: note("fields") });
  snapshot(3, "state");
  update(3, 5, ["d", "e"], { fields: { bid: 9 } });
  update(5, 5, [], { fields: { bid: 8 } });
  update(5, 6, ["f"]);
  assert.deepEqual(heard, [["update", "d", 4], ["update", "e", 5], ["fields", { bid: 9 }, 5], ["fields", { bid: 8 }, 5], ["update", "f", 6]]);
});

test("behind a gap there are neither corrected parts nor fields: the snapshot that mends it has them", () => {
  const heard = [];
  const { snapshot, update } = startTopic({ onCorrected: (row) => heard.push(row), onFields: (fields) => heard.push(fields) });
  snapshot(3, "state");
  update(5, 6, ["x"], { corrected: ["a"], fields: { bid: 9 } });
  assert.deepEqual(heard, []);
});

/** A client that asks once, beside a subscription to the same. */
function startSnapshot() {
  const parts = startTopic();
  parts.snapshot(3, "state");
  parts.take();
  const answer = parts.client.snapshot("weather", ROME);
  return { ...parts, answer, question: parts.asked().at(-1) };
}

test("a state is asked for once, and not followed", async () => {
  const { answer, asked, heard, question, say } = startSnapshot();
  assert.deepEqual(question.data, { op: "subscribe", topic_id: `${NAME}~2`, service: "weather", request: ROME });
  say({ op: "snapshot", topic_id: `${NAME}~2`, seq: 9, data: "older" }, question.id);
  assert.equal(await answer, "older");
  assert.deepEqual(asked().at(-1).data, { op: "unsubscribe", topic_id: `${NAME}~2` });
  say({ op: "update", topic_id: `${NAME}~2`, prev_seq: 9, seq: 10, updates: ["late"] });
  assert.deepEqual(heard, []);
});

test("a state that is refused is an error of its promise alone", async () => {
  const { answer, heard, network, question } = startSnapshot();
  network.socket.say("error", { code: "bad_request", message: "no", type: "topic", topic_id: question.data.topic_id }, question.id);
  await assert.rejects(answer, { code: "bad_request" });
  assert.deepEqual(heard, []);
});

test("without a connection there is no state, and its name is free again", async () => {
  const { client, network } = startWelcomedClient();
  network.socket.hangUp(1006);
  await assert.rejects(client.snapshot("weather", ROME), { code: "disconnected" });
  await assert.rejects(client.snapshot("weather", ROME), { code: "disconnected" });
});
