/** Who is present: lists in pages, what comes between them, and what listeners are told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PresenceSet } from "../../site/static/js/rtc/presence.js";
import { startWelcomedClient, USERINFO, welcome } from "./client_harness.mjs";

/** A client that follows the presence of all, and everything that its listener is told. */
function startPresence({ scope = "all", ...listener } = {}) {
  const parts = startWelcomedClient();
  const heard = [];
  const presence = parts.client.presence(scope, {
    onSync: (users) => heard.push(["sync", ...users]),
    onJoin: (users) => heard.push(["join", ...users]),
    onLeave: (users) => heard.push(["leave", ...users]),
    ...listener,
  });
  const { network } = parts;
  const asked = () => network.socket.messages.filter(({ type, data }) => type === "topic" && data.op === "subscribe");
  const ended = () => network.socket.messages.filter(({ type, data }) => type === "topic" && data.op === "unsubscribe");
  const follows = () => asked().filter(({ data }) => data.request.page === undefined).at(-1);
  const say = (data, id) => network.socket.say("topic", { topic_id: follows().data.topic_id, epoch: "p1", ...data }, id);
  const list = (seq, users, { pages = 1, at = seq } = {}) =>
    say({ op: "snapshot", seq, data: { count: users.length, at, pages, users } }, follows().id);
  const difference = (prev_seq, seq, joins, leaves = []) => say({ op: "update", prev_seq, seq, updates: [{ joins, leaves, count: 0 }] });
  const answerPage = async (users) => {
    const { id, data } = asked().at(-1);
    network.socket.say("topic", { op: "snapshot", topic_id: data.topic_id, epoch: "p1", seq: 1, data: { users } }, id);
    await settled();
  };
  const comeBack = () => {
    network.socket.hangUp(1006);
    parts.clock.advance(500);
    welcome(network, { ...USERINFO, uid: "1-2" });
  };
  const take = () => heard.splice(0);
  return { ...parts, presence, asked, ended, follows, list, difference, answerPage, comeBack, take };
}

/** Every promise that can go on has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a scope is subscribed to, and its list is told once, then each join and leave", () => {
  const { asked, list, difference, take, presence } = startPresence();
  assert.deepEqual([asked()[0].data.service, asked()[0].data.request], ["presence", { scope: "all" }]);
  list(5, ["1", "2"]);
  difference(5, 6, ["3"], ["1"]);
  assert.deepEqual(take(), [["sync", "1", "2"], ["join", "3"], ["leave", "1"]]);
  assert.deepEqual([...presence.users], ["2", "3"]);
  assert.deepEqual([presence.has(3), presence.has("3"), presence.has(1)], [true, true, false]);
});

test("who joined or left already is told once", () => {
  const { list, difference, take } = startPresence();
  list(5, ["1"]);
  take();
  difference(5, 6, ["1", "2"], ["9"]);
  difference(6, 6, ["2"]);
  assert.deepEqual(take(), [["join", "2"]]);
});

test("a channel may be looked at without being in it", () => {
  const { asked } = startPresence({ scope: { scope: "channel:a", join: false } });
  assert.deepEqual(asked()[0].data.request, { scope: "channel:a", join: false });
});

test("pages are asked for one after the other, and what comes meanwhile is held", async () => {
  const { list, difference, answerPage, asked, take } = startPresence();
  list(5, ["1", "2"], { pages: 3, at: 4 });
  difference(5, 6, ["7"], ["2", "4"]);
  assert.deepEqual(asked().at(-1).data.request, { scope: "all", at: 4, page: 1 });
  await answerPage(["3", "4"]);
  assert.deepEqual(asked().at(-1).data.request, { scope: "all", at: 4, page: 2 });
  assert.deepEqual(take(), []);
  await answerPage(["5"]);
  assert.deepEqual(take(), [["sync", "1", "3", "5", "7"]]);
  difference(6, 7, ["2"]);
  assert.deepEqual(take(), [["join", "2"]]);
});

test("a page that the server has no more makes the list begin anew", async () => {
  const { list, answerPage, asked, ended, follows, network, take, clock } = startPresence();
  list(5, ["1"], { pages: 2 });
  const first = follows();
  network.socket.say("error", { code: "bad_request", message: "gone", type: "topic" }, asked().at(-1).id);
  await settled();
  clock.advance(1_000);
  assert.notEqual(follows().id, first.id);
  assert.equal(follows().data.after, undefined);
  assert.ok(ended().some(({ data }) => data.topic_id === first.data.topic_id));
  list(8, ["2"], { pages: 2 });
  await answerPage(["3"]);
  assert.deepEqual(take(), [["sync", "2", "3"]]);
});

test("a connection that is lost between two pages makes the list begin anew on the next one", async () => {
  const { list, follows, comeBack, answerPage, take } = startPresence();
  list(5, ["1"], { pages: 2 });
  comeBack();
  await settled();
  assert.equal(follows().data.after, undefined);
  list(9, ["2"], { pages: 2 });
  await answerPage(["3"]);
  assert.deepEqual(take(), [["sync", "2", "3"]]);
});

test("a client that comes back asks for what it lacks, and is told only that", () => {
  const { list, difference, follows, comeBack, network, take } = startPresence();
  list(5, ["1", "2"]);
  take();
  comeBack();
  assert.deepEqual(follows().data.after, { epoch: "p1", seq: 5 });
  network.socket.say("topic", { op: "update", topic_id: follows().data.topic_id, epoch: "p1", prev_seq: 5, seq: 3, updates: [] }, follows().id);
  difference(3, 9, ["3"]);
  assert.deepEqual(take(), [["join", "3"]]);
});

test("a new list tells who is different, and then that it is whole", () => {
  const { list, comeBack, take } = startPresence();
  list(5, ["1", "2"]);
  take();
  comeBack();
  list(50, ["2", "3"]);
  assert.deepEqual(take(), [["join", "3"], ["leave", "1"], ["sync", "2", "3"]]);
});

test("a second list before the first one is whole takes its place", async () => {
  const { list, answerPage, asked, comeBack, take } = startPresence();
  list(5, ["1"], { pages: 2 });
  const late = asked().at(-1);
  comeBack();
  await settled();
  list(9, ["2"], { pages: 2 });
  assert.notEqual(asked().at(-1).id, late.id);
  await answerPage(["3"]);
  assert.deepEqual(take(), [["sync", "2", "3"]]);
});

test("an end is said once, and nothing is told any more", async () => {
  const { list, difference, presence, ended, take, client, clock } = startPresence();
  list(5, ["1"], { pages: 2 });
  presence.end();
  presence.end();
  await settled();
  difference(5, 6, ["2"]);
  client.close();
  await settled();
  assert.equal(ended().length >= 1, true);
  assert.deepEqual([take(), clock.pending], [[], 0]);
});

test("a client that is disposed of ends it", async () => {
  const { list, client, clock, take } = startPresence();
  list(5, ["1"], { pages: 2 });
  client.dispose();
  await settled();
  assert.deepEqual([take(), clock.pending], [[], 0]);
  assert.throws(() => client.presence("all"), /disposed/);
});

test("a refusal is the listener's", () => {
  const errors = [];
  const { follows, network } = startPresence({ onError: ({ code }) => errors.push(code) });
  network.socket.say("error", { code: "forbidden", message: "no", type: "topic" }, follows().id);
  assert.deepEqual(errors, ["forbidden"]);
});

test("a listener that throws costs nobody the next one", (context) => {
  const report = context.mock.method(console, "error", () => {});
  const { list, difference, take } = startPresence({
    onSync: () => {
      throw new Error("oh");
    },
  });
  list(5, ["1"]);
  difference(5, 6, ["2"]);
  assert.deepEqual(take(), [["join", "2"]]);
  assert.equal(report.mock.callCount(), 1);
});

test("a set holds what comes before it is whole", () => {
  const set = new PresenceSet();
  set.begin(["1"]);
  assert.deepEqual(set.change({ joins: ["2"], leaves: ["1"], count: 1 }), { joins: [], leaves: [] });
  assert.deepEqual([...set.users], []);
  set.end();
  assert.deepEqual([...set.users], ["2"]);
});
