/** A client whose attempts are refused, and a server that tells why, or does not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseCode } from "../../site/static/js/rtc/codes.js";
import { meaningOf, sessionAddress } from "../../site/static/js/rtc/session_question.js";
import { fakePage, record, startClient, welcome } from "./client_harness.mjs";

/** What the server's own answers have, and nobody else's. */
const OWN = new Headers({ "Rtserver-Session": "answered" });

/** A client, with a `fetch` that answers with a status when the test says so: as the server does, or as others do. */
function startAsking(options) {
  const questions = [];
  const fetch = (url, { signal, credentials }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")));
      questions.push({ url, credentials, signal, answer: (status, more) => resolve({ status, headers: OWN, ...more }), fail: () => reject(new TypeError("failed to fetch")) });
    });
  const parts = startClient({ ...options, fetch });
  const { network, client } = parts;
  return {
    ...parts,
    questions,
    seen: record(client, "closed"),
    /** So many attempts are refused, one after the other. */
    refuse(count) {
      for (let attempt = 0; attempt < count; attempt += 1) {
        client.connect(); // without the wait
        network.socket.hangUp(CloseCode.ABNORMAL);
      }
    },
  };
}

/** Let everything run that waited for an answer. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function answered(question, status, more) {
  if (status === null) question.fail();
  else question.answer(status, more);
  await settled();
}

/** The console's warnings, in their place. */
function warnings(t) {
  const { mock } = t.mock.method(console, "warn", () => {});
  return () => mock.calls.map((call) => call.arguments[0]);
}

const PROVES_NOTHING = [
  ["the session holds", 204],
  ["there are too many", 429],
  ["the session's store is away", 503],
  ["a proxy says that the server is away", 502],
  ["everything is away", null],
  ["an older server is asked", 426],
];

test("the second refusal in a row is worth a question, at the socket's own address", () => {
  const { refuse, questions, client } = startAsking();
  refuse(1);
  assert.equal(questions.length, 0);
  refuse(1);
  assert.deepEqual(questions.map(({ url, credentials }) => [url, credentials]), [["http://test/rt/?session", "include"]]);
  assert.equal(client.state, "waiting");
});

test("a session that was over before the page came is the end: nobody is logged in", async () => {
  const { refuse, questions, seen, client, clock, network } = startAsking();
  refuse(2);
  await answered(questions[0], 401);
  assert.deepEqual(seen, [["closed", { code: 4001, reason: "nobody is logged in" }]]);
  clock.advance(3_600_000);
  assert.deepEqual([client.state, network.sockets.length, clock.pending], ["closed", 2, 0]);
});

test("a session that ended while the page was offline is the end, and says so", async () => {
  const { refuse, questions, seen, network } = startAsking();
  welcome(network);
  network.socket.hangUp(CloseCode.ABNORMAL);
  refuse(2);
  await answered(questions[0], 401);
  assert.deepEqual(seen, [["closed", { code: 4009, reason: "the session is over" }]]);
});

for (const [what, status] of PROVES_NOTHING) {
  test(`while ${what} the page goes on for an hour, and is back with the server`, async (t) => {
    warnings(t);
    const { refuse, questions, seen, client, clock, network } = startAsking();
    welcome(network);
    network.socket.hangUp(CloseCode.ABNORMAL);
    for (let round = 0; round < 120; round += 1) {
      refuse(1);
      if (questions.length > 0) await answered(questions.at(-1), status);
    }
    assert.deepEqual([seen, client.state], [[], "waiting"]);
    clock.advance(30_000);
    welcome(network);
    assert.equal(client.state, "open");
  });
}

test("a page of an origin that may not connect is told so", async () => {
  const { refuse, questions, seen } = startAsking();
  refuse(2);
  await answered(questions[0], 403);
  assert.deepEqual(seen, [["closed", { code: 1008, reason: "pages of this origin may not connect" }]]);
});

// Somebody between the page and the server: a network that wants a log-in, a guard against robots.
for (const [status, more] of [[401], [403], [200], [200, { redirected: true }], [511]]) {
  test(`an answer ${status}${more ? " after a redirect" : ""} that is not the server's is no end, and said once`, async (t) => {
    const warned = warnings(t);
    const { refuse, questions, seen, client, clock, network } = startAsking();
    for (let round = 0; round < 5; round += 1) {
      refuse(2);
      await answered(questions.at(-1), status, { headers: new Headers(), ...more });
    }
    assert.deepEqual([seen, client.state], [[], "waiting"]);
    const text = `rtserver: http://test/rt/?session ${more ? "was redirected, and " : ""}answered ${status}, which does not tell whether the session holds`;
    assert.deepEqual(warned(), status === 511 ? [] : [text]);
    clock.advance(30_000);
    welcome(network);
    assert.equal(client.state, "open");
  });
}

for (const [what, status, count] of [["leads to its log-in page", 200, 1], ["has moved", 204, 0]]) {
  test(`a site's address that ${what} is no end, and is warned of ${count} times`, async (t) => {
    const warned = warnings(t);
    const { refuse, questions, seen, client } = startAsking({ sessionUrl: "/session/" });
    for (let round = 0; round < 3; round += 1) {
      refuse(2);
      await answered(questions.at(-1), status, { redirected: true, headers: undefined });
    }
    assert.deepEqual([seen, client.state, warned().length], [[], "waiting", count]);
  });
}

test("an attempt that nobody answered is no refusal and worth no question", () => {
  const { clock, questions } = startAsking();
  clock.advance(600_000);
  assert.equal(questions.length, 0);
});

test("there is one question at a time, and a server that stands still is given ten seconds for it", async () => {
  const { refuse, questions, clock } = startAsking({ random: () => 0 });
  refuse(5);
  assert.equal(questions.length, 1);
  clock.advance(10_000);
  assert.ok(questions[0].signal.aborted);
  await settled();
  refuse(1);
  assert.equal(questions.length, 2);
});

test("a question that takes no notice of its end is over after ten seconds, and leaves no timer", async () => {
  const { clock, client, network } = startClient({ fetch: () => new Promise(() => {}), sessionUrl: "/session/" });
  const refuse = () => {
    client.connect();
    network.socket.hangUp(CloseCode.ABNORMAL);
  };
  [1, 2].forEach(refuse);
  client.close();
  await settled();
  assert.equal(clock.pending, 0);
});

test("what is answered after the connection is there does not count", async () => {
  const { refuse, questions, seen, client, clock, network } = startAsking();
  refuse(2);
  clock.advance(30_000);
  welcome(network);
  assert.ok(questions[0].signal.aborted);
  await answered(questions[0], 401);
  assert.deepEqual([seen, client.state], [[], "open"]);
});

test("what is answered while an attempt is under way does not count: it may have a new cookie", async () => {
  const { refuse, questions, seen, client, clock } = startAsking();
  refuse(2);
  clock.advance(1000);
  assert.equal(client.state, "connecting");
  await answered(questions[0], 401);
  assert.deepEqual([seen, client.state], [[], "connecting"]);
  refuse(1);
  assert.equal(questions.length, 2);
});

test("a client that is closed asks nothing any more", async () => {
  const { refuse, questions, seen, client, clock } = startAsking({ page: fakePage() });
  refuse(2);
  client.close();
  await answered(questions[0], 401);
  assert.deepEqual([seen, clock.pending], [[["closed", { code: 1000, reason: "" }]], 0]);
});

// After the server has said that the session ended.

function startEnded(options) {
  const parts = startAsking(options);
  welcome(parts.network);
  parts.network.socket.hangUp(CloseCode.SESSION_CLOSED, "session closed");
  return parts;
}

for (const status of [401, 426]) {
  test(`a refusal of the one more attempt is the end when the question is answered with ${status}`, async (t) => {
    warnings(t);
    const { refuse, questions, seen } = startEnded();
    assert.equal(questions.length, 0);
    refuse(1);
    await answered(questions[0], status);
    assert.deepEqual(seen, [["closed", { code: 4009, reason: "session closed" }]]);
  });
}

for (const status of [204, 503, null]) {
  test(`a failure of that attempt is no end when the question is answered with ${status}`, async () => {
    const { refuse, questions, seen, client, clock, network } = startEnded();
    refuse(1);
    await answered(questions[0], status);
    assert.deepEqual([seen, client.state], [[], "waiting"]);
    clock.advance(30_000);
    welcome(network);
    assert.equal(client.state, "open");
  });
}

// Where the site tells.

test("a site's own address is asked instead, and there 401 alone means something", async (t) => {
  warnings(t);
  const { refuse, questions, seen } = startAsking({ sessionUrl: "/accounts/session/" });
  refuse(2);
  assert.equal(questions[0].url, "/accounts/session/");
  await answered(questions[0], 403);
  assert.deepEqual(seen, []);
  refuse(1);
  await answered(questions[1], 401);
  assert.equal(seen.length, 1);
});

test("without an address to ask, attempts go on, and a refusal after the end of a session is the end", () => {
  const waiting = startAsking({ sessionUrl: null });
  waiting.refuse(50);
  assert.deepEqual([waiting.questions.length, waiting.client.state], [0, "waiting"]);
  const ended = startEnded({ sessionUrl: null });
  ended.refuse(1);
  assert.deepEqual(ended.seen, [["closed", { code: 4009, reason: "session closed" }]]);
});

for (const [socket, expected] of [
  ["ws://localhost:8888/rt/", "http://localhost:8888/rt/?session"],
  ["wss://shop.example.com/live/rt/?room=1", "https://shop.example.com/live/rt/?session"],
]) {
  test(`the server of ${socket} tells at ${expected}`, () => assert.equal(sessionAddress(socket), expected));
}

test("every status has a meaning, and 401 alone means the end", () => {
  const ends = [];
  for (let status = 200; status < 600; status += 1) if (meaningOf({ status }, false) === "over") ends.push(status);
  assert.deepEqual(ends, [401]);
});
