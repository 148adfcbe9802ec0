import assert from "node:assert/strict";
import { test } from "node:test";
import { RTError } from "../../site/static/js/rtc/index.js";
import { compareOffsets, isNewer } from "../../site/static/js/rtc/offset.js";
import { tabStorage } from "../../site/static/js/rtc/resumption.js";
import { record, startClient, startWelcomedClient, USERINFO, welcome } from "./client_harness.mjs";

/** A tab's storage; `isFull` and `isForbidden` are what browsers may make of it. */
class FakeStorage {
  items = new Map();
  isFull = false;
  isForbidden = false;

  getItem(key) {
    if (this.isForbidden) throw new Error("SecurityError");
    return this.items.get(key) ?? null;
  }

  setItem(key, value) {
    if (this.isFull || this.isForbidden) throw new Error("QuotaExceededError");
    this.items.set(key, value);
  }
}

const userinfo = (offset, id = 7) => ({ ...USERINFO, user: { id, name: "demo" }, offset });
const at = (number) => `10-${number}`;

function push(network, ...numbers) {
  for (const number of numbers) {
    network.socket.deliver(JSON.stringify({ type: "n", data: number, offset: at(number) }));
  }
}

/** A client that has resumed on a connection whose live messages begin behind `number`. */
function startResumedClient(number, options) {
  const parts = startClient(options);
  const seen = [];
  parts.client.on("n", (data) => seen.push(data));
  welcome(parts.network, userinfo(at(number)));
  parts.network.socket.say("resumed", { count: 0 });
  return { ...parts, seen };
}

/** The page has somebody else log in, and connects as them. */
function change({ client, network }, offset, id) {
  client.close();
  client.connect();
  welcome(network, userinfo(offset, id));
}

/** The next connection comes up. */
function comeBack({ network, clock }, offset, id) {
  network.socket.hangUp(1006);
  clock.advance(30_000);
  welcome(network, userinfo(offset, id));
}

const asked = (network) => network.socket.messages.filter(({ type }) => type === "resume").map(({ data }) => data.offset);

test("a page that has only just come asks for what no page has got", () => {
  const { network } = startWelcomedClient();
  assert.deepEqual(network.socket.messages, []); // a server that says no offset keeps nothing
  const { network: keeping } = startClient();
  welcome(keeping, userinfo(at(9)));
  assert.deepEqual(keeping.socket.messages, [{ type: "resume", data: { offset: null } }]);
});

test("a client that comes back says the newest offset that it has", () => {
  const parts = startResumedClient(9);
  push(parts.network, 10, 12);
  comeBack(parts, at(20));
  assert.deepEqual(asked(parts.network), [at(12)]);
});

test("who got nothing yet has what came before the connection, and says so", () => {
  const parts = startResumedClient(9);
  comeBack(parts, at(20));
  assert.deepEqual(asked(parts.network), [at(9)]);
});

test("what was missed comes first, then what came live meanwhile, then all as ever", () => {
  const parts = startResumedClient(9);
  comeBack(parts, at(20));
  push(parts.network, 21, 11, 22, 15);
  assert.deepEqual(parts.seen, [11, 15]);
  parts.network.socket.say("resumed", { count: 2 });
  push(parts.network, 23);
  assert.deepEqual(parts.seen, [11, 15, 21, 22, 23]);
});

test("messages without an offset are not held back", () => {
  const parts = startResumedClient(9);
  comeBack(parts, at(20));
  parts.network.socket.say("n", "now");
  assert.deepEqual(parts.seen, ["now"]);
});

test("nothing comes twice, not even from another server that is behind", () => {
  const parts = startResumedClient(9);
  push(parts.network, 10, 11, 12);
  comeBack(parts, at(10));
  push(parts.network, 11, 12, 13);
  parts.network.socket.say("resumed", { count: 0 });
  push(parts.network, 13, 14, 14);
  assert.deepEqual(parts.seen, [10, 11, 12, 13, 14]);
});

test("while the server does not know where live messages begin all wait and are put in order", () => {
  const parts = startResumedClient(9);
  push(parts.network, 10);
  comeBack(parts, null);
  push(parts.network, 30, 11, 9, 31, 12, 30);
  assert.deepEqual(parts.seen, [10]);
  parts.network.socket.say("resumed", { count: 2 });
  assert.deepEqual(parts.seen, [10, 11, 12, 30, 31]);
});

test("the page is told how many were missed, after it has got them", () => {
  const parts = startResumedClient(9);
  const events = record(parts.client, "n", "resumed");
  comeBack(parts, at(20));
  push(parts.network, 11);
  parts.network.socket.say("resumed", { count: 1 });
  assert.deepEqual(events.map(([event, data]) => [event, data]), [["n", 11], ["resumed", { count: 1 }]]);
});

test("a loss is told to the page, and live messages go on", () => {
  const parts = startResumedClient(9);
  const events = record(parts.client, "resume_lost");
  comeBack(parts, at(20));
  push(parts.network, 17, 21);
  parts.network.socket.say("resume_lost", { count: 1, offset: at(17), reason: "trimmed" });
  push(parts.network, 22);
  assert.deepEqual(parts.seen, [17, 21, 22]);
  assert.deepEqual(events.map(([, data]) => data.reason), ["trimmed"]);
});

test("an error instead of an answer is a loss, too", () => {
  const parts = startResumedClient(9);
  const events = record(parts.client, "error", "resume_lost");
  comeBack(parts, at(20));
  push(parts.network, 21);
  parts.network.socket.say("error", { code: "forbidden", message: "no", type: "resume" });
  assert.deepEqual(parts.seen, [21]);
  assert.ok(events[0][1] instanceof RTError);
  assert.deepEqual(events[1].slice(0, 2), ["resume_lost", { count: 0, offset: null, reason: "forbidden" }]);
});

test("an error about something else ends nothing", () => {
  const parts = startResumedClient(9);
  comeBack(parts, at(20));
  push(parts.network, 21);
  parts.network.socket.say("error", { code: "bad_request", message: "no", type: "mycharts" });
  assert.deepEqual(parts.seen, []);
});

test("a server that does not answer is not waited for", () => {
  const parts = startResumedClient(9);
  const events = record(parts.client, "resume_lost");
  comeBack(parts, at(20));
  push(parts.network, 22, 21);
  parts.clock.advance(9_999);
  assert.deepEqual(parts.seen, []);
  parts.clock.advance(1);
  assert.deepEqual(parts.seen, [21, 22]);
  assert.equal(events[0][1].reason, "timeout");
  push(parts.network, 11, 23);
  parts.network.socket.say("resumed", { count: 1 });
  assert.deepEqual(parts.seen, [21, 22, 23]); // what comes too late would be out of order
});

test("a long answer may take its time as long as it comes", () => {
  const parts = startResumedClient(9);
  const events = record(parts.client, "resume_lost");
  comeBack(parts, at(20));
  for (const number of [10, 11, 12, 13]) {
    parts.clock.advance(8_000);
    parts.network.socket.say("ping", "pong");
    push(parts.network, number);
  }
  parts.network.socket.say("resumed", { count: 4 });
  assert.deepEqual([parts.seen, events], [[10, 11, 12, 13], []]);
});

test("a loss in the middle of it is made up for by the next connection", () => {
  const parts = startResumedClient(9);
  comeBack(parts, at(20));
  push(parts.network, 11, 21);
  comeBack(parts, at(30));
  assert.deepEqual(asked(parts.network), [at(11)]);
  push(parts.network, 15, 21, 31);
  parts.network.socket.say("resumed", { count: 2 });
  assert.deepEqual(parts.seen, [11, 15, 21, 31]);
});

test("after a close nothing is armed any more", () => {
  const parts = startResumedClient(9);
  comeBack(parts, at(20));
  parts.network.socket.hangUp(4003);
  assert.equal(parts.clock.pending, 0);
});

// Reloads of the page.

test("a page that is loaded again goes on where it was", () => {
  const storage = new FakeStorage();
  push(startResumedClient(9, { storage }).network, 10, 11);
  const { client, network } = startClient({ storage });
  const seen = record(client, "n");
  welcome(network, userinfo(at(20)));
  assert.deepEqual(asked(network), [at(11)]);
  push(network, 11, 12);
  assert.deepEqual(seen.map(([, data]) => data), [12]);
});

test("another user in the same tab is not sent what the former missed, nor the other way round", () => {
  const storage = new FakeStorage();
  const parts = startResumedClient(9, { storage });
  push(parts.network, 10);
  change(parts, at(20), 8);
  assert.deepEqual(asked(parts.network), [null]);
  parts.network.socket.say("resumed", { count: 0 });
  push(parts.network, 25);
  change(parts, at(30), 7);
  assert.deepEqual(asked(parts.network), [at(10)]);
  assert.deepEqual([...storage.items.keys()], ["rtserver:offset:7", "rtserver:offset:8"]);
});

for (const trouble of ["isFull", "isForbidden"]) {
  test(`a storage that ${trouble} costs no message`, () => {
    const storage = new FakeStorage();
    storage[trouble] = true;
    const parts = startResumedClient(9, { storage });
    push(parts.network, 10, 11);
    comeBack(parts, at(20));
    assert.deepEqual([parts.seen, asked(parts.network)], [[10, 11], [at(11)]]);
  });
}

test("what is stored and no offset is not believed", () => {
  const storage = new FakeStorage();
  storage.items.set("rtserver:offset:7", "<script>");
  const { network } = startClient({ storage });
  welcome(network, userinfo(at(9)));
  assert.deepEqual(asked(network), [null]);
});

test("a page that may not have a storage of its tab does without", (t) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "sessionStorage");
  t.after(() => {
    delete globalThis.sessionStorage;
    if (before !== undefined) Object.defineProperty(globalThis, "sessionStorage", before);
  });
  const storage = new FakeStorage();
  Object.defineProperty(globalThis, "sessionStorage", { get: () => storage, configurable: true });
  assert.equal(tabStorage(), storage);
  Object.defineProperty(globalThis, "sessionStorage", {
    get: () => {
      throw new Error("SecurityError");
    },
    configurable: true,
  });
  assert.equal(tabStorage(), null);
});

// A Redis that came back empty, with a clock that may have been set back: smaller offsets are newer then.

const saySmaller = (network, ...numbers) => {
  for (const number of numbers) {
    network.socket.deliver(JSON.stringify({ type: "n", data: `new ${number}`, offset: `5-${number}` }));
  }
};

test("where the server does not know the page's offset the order begins anew, and nothing is dropped", () => {
  const storage = new FakeStorage();
  const parts = startResumedClient(9, { storage });
  const events = record(parts.client, "resume_lost");
  push(parts.network, 10, 12);
  comeBack(parts, "5-3");
  saySmaller(parts.network, 1, 4, 2);
  parts.network.socket.say("resume_lost", { count: 2, offset: "5-1", reason: "unknown" });
  saySmaller(parts.network, 5);
  assert.deepEqual(parts.seen, [10, 12, "new 1", "new 2", "new 4", "new 5"]);
  assert.deepEqual(events.map(([, data]) => data.reason), ["unknown"]);
  comeBack(parts, "5-9");
  assert.deepEqual(asked(parts.network), ["5-5"]);
  assert.equal(storage.items.get("rtserver:offset:7"), "5-5");
});

test("the page asks from where the new order was when nothing has come in it", () => {
  const parts = startResumedClient(9);
  comeBack(parts, "5-3");
  parts.network.socket.say("resume_lost", { count: 0, offset: null, reason: "unknown" });
  comeBack(parts, "5-9");
  assert.deepEqual(asked(parts.network), ["5-3"]);
});

test("a page that is loaded before anything came in the new order does not go back to the old one", () => {
  const storage = new FakeStorage();
  const parts = startResumedClient(9, { storage });
  comeBack(parts, null);
  parts.network.socket.say("resume_lost", { count: 0, offset: null, reason: "unknown" });
  const { network } = startClient({ storage });
  welcome(network, userinfo("5-9"));
  assert.deepEqual(asked(network), [null]);
});

for (const [trouble, end] of [
  ["an error", ({ network }) => network.socket.say("error", { code: "internal", message: "no", type: "resume" })],
  ["no answer", ({ clock }) => clock.advance(10_000)],
]) {
  test(`after ${trouble} to its resume a page drops nothing either`, () => {
    const parts = startResumedClient(9);
    comeBack(parts, "5-3");
    saySmaller(parts.network, 4);
    end(parts);
    saySmaller(parts.network, 5);
    assert.deepEqual(parts.seen, ["new 4", "new 5"]);
  });

  test(`after ${trouble} to its resume a page asks from where that connection began when nothing has come on it`, () => {
    const parts = startResumedClient(9);
    comeBack(parts, "5-3");
    end(parts);
    comeBack(parts, "5-9");
    assert.deepEqual(asked(parts.network), ["5-3"]);
  });
}

test("a loss behind an offset that the server knows leaves the order as it is", () => {
  const parts = startResumedClient(9);
  push(parts.network, 10, 11, 12);
  comeBack(parts, at(10));
  push(parts.network, 11);
  parts.network.socket.say("resume_lost", { count: 0, offset: null, reason: "trimmed" });
  push(parts.network, 12, 13);
  assert.deepEqual(parts.seen, [10, 11, 12, 13]);
});

test("a loss that is told in the middle of a connection is passed on, and the order goes on", () => {
  const parts = startResumedClient(9);
  const events = record(parts.client, "resume_lost");
  push(parts.network, 10);
  parts.network.socket.say("resume_lost", { count: 0, offset: null, reason: "unknown" });
  push(parts.network, 10, 11);
  comeBack(parts, at(20));
  assert.deepEqual([parts.seen, events.length, asked(parts.network)], [[10, 11], 1, [at(11)]]);
});

// The order of offsets.

test("offsets are two integers, not a text", () => {
  const sorted = ["9-9", "9-10", "10-1", "1448010000000-2", "1448010000000-10", "1448010000000-9007199254740993"];
  for (let i = 1; i < sorted.length; i += 1) {
    assert.ok(compareOffsets(sorted[i], sorted[i - 1]) > 0, sorted[i]);
    assert.ok(compareOffsets(sorted[i - 1], sorted[i]) < 0, sorted[i]);
    assert.equal(compareOffsets(sorted[i], sorted[i]), 0);
  }
  assert.ok(isNewer("1-9007199254740993", "1-9007199254740992"));
  assert.ok(isNewer("0-0", null));
  assert.ok(!isNewer("1-1", "1-1"));
});
