import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseCode, RTClient, RTError } from "../../site/static/js/rtc/index.js";
import { FakeClock } from "./fake_clock.mjs";
import { fakeNetwork } from "./fake_websocket.mjs";
import { fakePage, record, startClient, startWelcomedClient, USERINFO, welcome } from "./client_harness.mjs";

test("a client connects by itself and says what it is doing", () => {
  const { client, network } = startClient();
  const seen = record(client, "state", "open", "userinfo");
  assert.deepEqual([client.state, network.socket.url], ["connecting", "ws://test/rt/"]);
  welcome(network);
  assert.equal(client.state, "open");
  assert.deepEqual(seen.map(([event]) => event), ["state", "open", "userinfo"]);
  assert.deepEqual(seen[0].slice(1), ["open", { delay_ms: 0 }]);
  assert.deepEqual(client.userinfo, USERINFO);
});

for (const [protocol, expected] of [["http:", "ws://example.org:8888/rt/"], ["https:", "wss://example.org:8888/rt/"]]) {
  test(`on a page that came by ${protocol} the url is that of the page's host`, (t) => {
    t.after(() => delete globalThis.location);
    globalThis.location = { href: `${protocol}//example.org:8888/page/` };
    const { WebSocket, sockets } = fakeNetwork();
    new RTClient({ WebSocket, clock: new FakeClock() });
    assert.equal(sockets[0].url, expected);
  });
}

// Close codes.

for (const code of [CloseCode.NORMAL, 4000, CloseCode.NOT_LOGGED_IN, CloseCode.KICKED, 4099]) {
  test(`after ${code} the client stays closed and tells why`, () => {
    const { client, network, clock } = startWelcomedClient();
    const seen = record(client, "close", "closed");
    network.socket.hangUp(code, "why");
    clock.advance(3_600_000);
    assert.deepEqual(seen, [["close", { code, reason: "why" }], ["closed", { code, reason: "why" }]]);
    assert.deepEqual([client.state, client.userinfo, network.sockets.length, clock.pending], ["closed", null, 1, 0]);
  });
}

const RETURNING = [1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1015, 3000, 3999];
for (const code of [...RETURNING, CloseCode.DRAINING, CloseCode.TOO_SLOW, CloseCode.TOO_MANY, 4100, 4199, 4200]) {
  test(`after ${code} the client comes back with backoff`, () => {
    const { client, network, clock } = startWelcomedClient();
    const seen = record(client, "close", "closed");
    network.socket.hangUp(code);
    assert.deepEqual([client.state, seen], ["waiting", [["close", { code, reason: "" }]]]);
    clock.advance(499);
    assert.equal(network.sockets.length, 1);
    clock.advance(1);
    assert.deepEqual([client.state, network.sockets.length], ["connecting", 2]);
  });
}

test("a session that lives on under a new key is one short break", () => {
  const { client, network, clock } = startWelcomedClient();
  const seen = record(client, "close", "closed");
  network.socket.hangUp(CloseCode.SESSION_CLOSED, "session closed");
  assert.equal(client.state, "waiting");
  clock.advance(2000);
  welcome(network);
  assert.deepEqual([client.state, network.sockets.length], ["open", 2]);
  assert.deepEqual(seen, [["close", { code: 4009, reason: "session closed" }]]);
});

test("a session that is over is tried once more, and then the client stays closed and tells why", () => {
  const { client, network, clock } = startWelcomedClient();
  const seen = record(client, "close", "closed");
  network.socket.hangUp(CloseCode.SESSION_CLOSED, "session closed");
  clock.advance(2000);
  network.socket.hangUp(CloseCode.ABNORMAL);
  clock.advance(3_600_000);
  const why = { code: 4009, reason: "session closed" };
  assert.deepEqual(seen, [["close", why], ["close", why], ["closed", why]]);
  assert.deepEqual([client.state, network.sockets.length, clock.pending], ["closed", 2, 0]);
});

test("the server's wish for a time does not hasten the attempt with the new cookie", () => {
  const { network, clock } = startWelcomedClient();
  network.socket.say("reconnect", { after_ms: 0 });
  network.socket.hangUp(CloseCode.SESSION_CLOSED);
  clock.advance(1999);
  assert.equal(network.sockets.length, 1);
  clock.advance(1);
  assert.equal(network.sockets.length, 2);
});

for (const code of [CloseCode.SESSION_CLOSED, CloseCode.ABNORMAL]) {
  test(`a client that would come back as another user after ${code} does not, and shows nothing of theirs`, () => {
    const { client, network, clock } = startWelcomedClient();
    network.socket.hangUp(code);
    const seen = record(client, "message", "closed");
    clock.advance(2000);
    const { socket } = network;
    welcome(network, { ...USERINFO, user: { id: 8, name: "guest" } });
    socket.say("notice", { text: "for guest" });
    assert.deepEqual(seen, [["closed", { code: 4001, reason: "another user is signed in" }]]);
    assert.deepEqual([client.state, client.userinfo, socket.closedWith[0]], ["closed", null, 4001]);
  });
}

test("a page that connects anew after the end takes whoever is logged in then", () => {
  const { client, network } = startWelcomedClient();
  client.close();
  client.connect();
  welcome(network, { ...USERINFO, user: { id: 8, name: "guest" } });
  assert.deepEqual([client.state, client.userinfo.user.id], ["open", 8]);
});

test("a refused handshake, which looks like 1006, is tried again more and more patiently, for ever", () => {
  const { client, network, clock } = startClient();
  const delays = [];
  client.on("state", (state, { delay_ms }) => state === "waiting" && delays.push(delay_ms));
  for (let attempt = 0; attempt < 9; attempt += 1) {
    network.socket.hangUp(1006);
    clock.advance(delays.at(-1));
  }
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.equal(network.sockets.length, 10);
});

test("a stable connection makes the next delay a short one again", () => {
  const { client, network, clock } = startClient();
  for (let attempt = 0; attempt < 6; attempt += 1) {
    network.socket.hangUp(1006);
    client.connect();
  }
  network.socket.accept();
  clock.advance(10_000);
  const seen = record(client, "state");
  network.socket.hangUp(1006);
  assert.deepEqual(seen, [["state", "waiting", { delay_ms: 500 }]]);
});

test("what belongs to a lost connection disturbs the next one no more", () => {
  const { client, network, clock } = startWelcomedClient();
  const [old] = network.sockets;
  const { onmessage, onclose } = old;
  old.hangUp(1006);
  clock.advance(500);
  welcome(network);
  const seen = record(client, "message", "close");
  old.deliver('{"type":"late"}');
  old.hangUp(4001);
  assert.deepEqual([seen, client.state, old.onmessage, old.onclose], [[], "open", null, null]);
  assert.ok(onmessage !== null && onclose !== null);
});

test("a handshake that hangs is given up", () => {
  const { client, network, clock } = startClient();
  clock.advance(15_000);
  assert.deepEqual([client.state, network.socket.closedWith], ["waiting", [undefined, undefined]]);
  clock.advance(500);
  assert.equal(network.sockets.length, 2);
});

// The server's wish.

test("a client that was asked to reconnect after a time takes it instead of its own, once", () => {
  const { client, network, clock } = startWelcomedClient();
  const seen = record(client, "state");
  network.socket.say("reconnect", { after_ms: 1250 });
  assert.equal(client.state, "open");
  network.socket.hangUp(CloseCode.DRAINING);
  clock.advance(1250);
  network.socket.hangUp(1006);
  assert.deepEqual(seen.filter(([, state]) => state === "waiting").map(([, , { delay_ms }]) => delay_ms), [1250, 500]);
});

test("the wish does not bring back who is told to stay away, and is forgotten", () => {
  const { client, network, clock } = startWelcomedClient();
  network.socket.say("reconnect", { after_ms: 5 });
  network.socket.hangUp(CloseCode.KICKED);
  clock.advance(60_000);
  assert.deepEqual([client.state, network.sockets.length], ["closed", 1]);
  client.connect();
  const seen = record(client, "state");
  network.socket.hangUp(1006);
  assert.deepEqual(seen, [["state", "waiting", { delay_ms: 500 }]]);
});

for (const data of [undefined, null, {}, { after_ms: "soon" }, { after_ms: -1 }]) {
  test(`a wish of ${JSON.stringify(data)} is none`, () => {
    const { client, network } = startWelcomedClient();
    const seen = record(client, "state");
    network.socket.say("reconnect", data);
    network.socket.hangUp(CloseCode.DRAINING);
    assert.deepEqual(seen, [["state", "waiting", { delay_ms: 500 }]]);
  });
}

// Heartbeat.

test("an idle connection is pinged in the server's interval, in exactly these bytes", () => {
  const { network, clock } = startWelcomedClient();
  clock.advance(19_999);
  assert.deepEqual(network.socket.sent, []);
  clock.advance(1);
  assert.deepEqual(network.socket.sent, ['{"type":"ping"}']);
});

test("a connection that is silent for two and a half intervals is dead: the client lets go and comes back", () => {
  const { client, network, clock } = startWelcomedClient();
  const seen = record(client, "close");
  clock.advance(50_000);
  assert.deepEqual(seen, [["close", { code: 1006, reason: "the server is silent" }]]);
  assert.deepEqual([client.state, network.socket.closedWith], ["waiting", [undefined, undefined]]);
  clock.advance(500);
  assert.equal(network.sockets.length, 2);
});

test("any message keeps a connection alive", () => {
  const { client, network, clock } = startWelcomedClient();
  for (let round = 0; round < 20; round += 1) {
    clock.advance(19_000);
    network.socket.say("notice", { text: "hello" });
  }
  assert.deepEqual([client.state, network.socket.sent], ["open", []]);
});

test("a server that says no interval, or never introduces itself, is watched all the same", () => {
  const { client, network, clock } = startClient();
  welcome(network, { ...USERINFO, heartbeat_ms: 0 });
  clock.advance(30_000);
  assert.deepEqual(network.socket.sent, ['{"type":"ping"}']);
  clock.advance(45_000);
  assert.equal(client.state, "waiting");
});

// Messages.

test("a message is an event by its type, with its data and itself", () => {
  const { client, network } = startWelcomedClient();
  const seen = record(client, "notice");
  network.socket.say("notice", { text: "hello" });
  network.socket.say("other", 1);
  assert.deepEqual(seen, [["notice", { text: "hello" }, { type: "notice", data: { text: "hello" } }]]);
});

for (const type of ["open", "close", "closed", "state", "message"]) {
  test(`a message cannot pose as the client's own event "${type}"`, () => {
    const { client, network } = startWelcomedClient();
    const seen = record(client, type, "message");
    network.socket.say(type, { code: 4009, reason: "" });
    assert.deepEqual(seen.filter(([event]) => event === type && type !== "message"), []);
    assert.equal(seen.filter(([event]) => event === "message").length, type === "message" ? 2 : 1);
    assert.equal(client.state, "open");
  });
}

for (const text of ["", "{", "null", "[]", "7", '"type"', "{}", '{"type":7}', '{"data":1}']) {
  test(`${JSON.stringify(text)} from the server is an error, and the next message is read`, () => {
    const { client, network } = startWelcomedClient();
    const seen = record(client, "error", "notice");
    network.socket.deliver(text);
    network.socket.say("notice", 1);
    assert.deepEqual([seen[0][1].code, seen[1][1]], ["bad_json", 1]);
  });
}

test("bytes are no message of this protocol and are passed over", () => {
  const { client, network } = startWelcomedClient();
  const seen = record(client, "error", "message");
  network.socket.deliver(new ArrayBuffer(4));
  assert.deepEqual([seen, client.state], [[], "open"]);
});

test("an error that answers no request is an event with an RTError", () => {
  const { client, network } = startWelcomedClient();
  const seen = record(client, "error");
  network.socket.say("error", { code: "unknown_type", message: "no handler", type: "what" });
  const [[, error]] = seen;
  assert.ok(error instanceof RTError);
  assert.deepEqual([error.code, error.message, error.type], ["unknown_type", "no handler", "what"]);
});

test("sending needs an open connection, and says so", () => {
  const { client, network } = startClient();
  assert.equal(client.send("note", 1), false);
  welcome(network);
  assert.equal(client.send("note", 1), true);
  client.close();
  assert.equal(client.send("note", 1), false);
  assert.deepEqual(network.socket.messages, [{ type: "note", data: 1 }]);
});

// Requests.

test("a request is answered by id, and its answer is no event", async () => {
  const { client, network } = startWelcomedClient();
  const seen = record(client, "ping", "message");
  const answer = client.request("ping", "hello");
  const [{ id, ...message }] = network.socket.messages;
  assert.deepEqual(message, { type: "ping", data: "hello" });
  network.socket.say("ping", "pong", id);
  assert.equal(await answer, "pong");
  assert.deepEqual(seen, []);
});

test("a request that is answered by an error is rejected with it, and the error is no event", async () => {
  const { client, network } = startWelcomedClient();
  const seen = record(client, "error");
  const answer = client.request("secret");
  network.socket.say("error", { code: "forbidden", message: "no", type: "secret" }, network.socket.messages[0].id);
  await assert.rejects(answer, { name: "RTError", code: "forbidden" });
  assert.deepEqual(seen, []);
});

test("a request has ten seconds, or the time it is given", async () => {
  const { client, clock } = startWelcomedClient();
  const usual = client.request("slow");
  const short = client.request("slow", null, { timeoutMs: 5 });
  clock.advance(5);
  await assert.rejects(short, { code: "timeout" });
  clock.advance(9_995);
  await assert.rejects(usual, { code: "timeout" });
});

test("a request ends with its connection", async () => {
  const { client, network } = startWelcomedClient();
  const answer = client.request("ping");
  network.socket.hangUp(1006);
  await assert.rejects(answer, { code: "disconnected" });
});

test("a request without a connection is rejected at once", async () => {
  const { client } = startClient();
  await assert.rejects(client.request("ping"), { code: "disconnected", type: "ping" });
});

// The page's own wishes.

test("close is for good, and leaves nothing behind", async () => {
  const { client, network, clock } = startWelcomedClient();
  const seen = record(client, "state", "close", "closed");
  const answer = client.request("ping");
  client.close();
  client.close();
  await assert.rejects(answer, { code: "disconnected" });
  assert.deepEqual(seen.map(([event, first]) => [event, first]), [
    ["state", "closed"],
    ["close", { code: 1000, reason: "" }],
    ["closed", { code: 1000, reason: "" }],
  ]);
  assert.deepEqual([network.socket.closedWith, clock.pending], [[1000, ""], 0]);
});

test("close ends a wait, and a connection on its way", () => {
  const waiting = startClient();
  waiting.network.socket.hangUp(1006);
  waiting.client.close();
  assert.deepEqual([waiting.client.state, waiting.clock.pending], ["closed", 0]);
  const connecting = startClient();
  connecting.client.close();
  assert.deepEqual([connecting.client.state, connecting.clock.pending], ["closed", 0]);
});

test("connect cuts a wait short and revives a closed client, but makes no second connection", () => {
  const { client, network, clock } = startClient();
  client.connect();
  assert.equal(network.sockets.length, 1);
  network.socket.hangUp(1006);
  client.connect();
  clock.advance(1000);
  assert.equal(network.sockets.length, 2);
  welcome(network);
  client.connect();
  assert.equal(network.sockets.length, 2);
  client.close();
  client.connect();
  assert.deepEqual([client.state, network.sockets.length], ["connecting", 3]);
});

test("a listener may connect at once when the connection is lost: then it is not over", () => {
  const { client, network, clock } = startWelcomedClient();
  const seen = record(client, "closed");
  client.on("close", () => client.connect());
  network.socket.hangUp(4001);
  assert.deepEqual([client.state, network.sockets.length, seen], ["connecting", 2, []]);
  clock.advance(15_000);
  assert.deepEqual([client.state, network.sockets.length], ["connecting", 3]);
});

test("a listener that closes the client in the middle of an event has the last word", () => {
  for (const state of ["connecting", "open", "waiting", "silent"]) {
    const { client, network, clock } = startClient({ page: fakePage(), sessionUrl: "/session/", fetch: () => assert.fail("asked") });
    const seen = record(client, "open", "userinfo", "close", "closed");
    network.socket.hangUp(CloseCode.ABNORMAL); // so that the next refusal would be worth a question
    seen.length = 0;
    client.on("state", (now) => now === state && client.close());
    clock.advance(500);
    if (client.state === "connecting" && state === "waiting") network.socket.hangUp(CloseCode.ABNORMAL);
    if (client.state === "connecting") welcome(network);
    if (state === "silent") clock.advance(9000);
    const before = state === "silent" ? ["open", "userinfo"] : [];
    assert.deepEqual([state, ...seen.map(([event]) => event)], [state, ...before, "close", "closed"]);
    assert.deepEqual([client.state, client.userinfo, clock.pending], ["closed", null, 0]);
  }
});

test("a client that is closed when something comes again takes no message any more", () => {
  const { client, network, clock } = startWelcomedClient({ page: fakePage() });
  const seen = record(client, "n");
  clock.advance(9000);
  assert.equal(client.state, "silent");
  client.on("state", () => client.close());
  network.socket.say("n", 1);
  assert.deepEqual([seen, client.state], [[], "closed"]);
});

test("a year of reconnects arms no more than one timer at a time", () => {
  const { network, clock, client } = startClient();
  for (let round = 0; round < 500; round += 1) {
    welcome(network);
    network.socket.hangUp(1006);
    assert.equal(clock.pending, 1);
    clock.advance(30_000);
    if (client.state === "waiting") client.connect();
    assert.equal(clock.pending, 1);
  }
});

// Numbers that JSON.parse would round.

test("a page may bring what reads and writes its messages, for whole numbers of any size", () => {
  const json = {
    parse: (text) => JSON.parse(text.replace(/"order":(\d+)/g, '"order":"n$1"'), (key, value) => (key === "order" ? BigInt(value.slice(1)) : value)),
    stringify: (value) => JSON.stringify(value, (_, each) => (typeof each === "bigint" ? `n${each}` : each)).replace(/"n(\d+)"/g, "$1"),
  };
  const { client, network } = startWelcomedClient({ json });
  const seen = record(client, "order");
  network.socket.deliver('{"type":"order","data":{"order":9007199254740993}}');
  assert.deepEqual(seen[0][1], { order: 9007199254740993n });
  client.send("order", { order: 9007199254740993n });
  assert.equal(network.socket.sent.at(-1), '{"type":"order","data":{"order":9007199254740993}}');
});

test("a BigInt that cannot be written is an error, and not another number", () => {
  const { client, network } = startWelcomedClient();
  assert.throws(() => client.send("order", { order: 9007199254740993n }), TypeError);
  assert.deepEqual(network.socket.sent, []);
});

test("users whose ids differ in the last digit are two users", () => {
  const { client, network, clock } = startClient();
  welcome(network, { ...USERINFO, user: { id: "9007199254740992", name: "demo" } });
  const closed = record(client, "closed");
  network.socket.hangUp(1006);
  clock.advance(30_000);
  welcome(network, { ...USERINFO, user: { id: "9007199254740993", name: "guest" } });
  assert.equal(closed[0][1].code, 4001);
});
