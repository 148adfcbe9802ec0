/** A client on a page that is seen or hidden, on a network that comes and goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakePage, record, startClient, startWelcomedClient, USERINFO, welcome } from "./client_harness.mjs";

/** A client that has been refused so often that it waits for 30 s. */
function startPatientClient() {
  const page = fakePage();
  const parts = startClient({ page });
  const { client, network, clock } = parts;
  for (let attempt = 0; attempt < 6; attempt += 1) {
    network.socket.hangUp(1006);
    client.connect();
  }
  network.socket.hangUp(1006);
  clock.advance(5000);
  return { ...parts, page, attempts: () => network.sockets.length - 7 };
}

const SIGNS = [
  ["the network", (page) => page.window.say("online")],
  ["a page from the browser's cache", (page) => page.window.say("pageshow")],
  ["a page that is seen again", (page) => page.become("visible")],
];

for (const [what, say] of SIGNS) {
  test(`${what} ends the longest wait within half a second`, () => {
    const { client, clock, page, attempts } = startPatientClient();
    const seen = record(client, "state");
    say(page);
    assert.deepEqual(seen, [["state", "waiting", { delay_ms: 500 }]]);
    clock.advance(500);
    assert.deepEqual([client.state, attempts()], ["connecting", 1]);
  });
}

test("many signs at once make one attempt", () => {
  const { clock, page, attempts } = startPatientClient();
  for (let round = 0; round < 20; round += 1) for (const [, say] of SIGNS) say(page);
  clock.advance(3000);
  assert.equal(attempts(), 1);
});

test("a server that refuses sees one attempt a second, however often somebody looks at the page", () => {
  const { network, clock, page, attempts } = startPatientClient();
  for (let tenth = 0; tenth < 300; tenth += 1) {
    page.become(tenth % 2 === 0 ? "hidden" : "visible");
    clock.advance(100);
    if (network.socket.onclose !== null) network.socket.hangUp(1006);
  }
  assert.ok(attempts() >= 15 && attempts() <= 30, `${attempts()} attempts in 30 s`);
});

test("an attempt that hangs makes way for a new one", () => {
  const page = fakePage();
  const { client, network, clock } = startClient({ page });
  clock.advance(3000);
  page.window.say("online");
  assert.equal(network.sockets.length, 1);
  clock.advance(2000);
  page.window.say("online");
  clock.advance(500);
  assert.deepEqual([client.state, network.sockets.length], ["connecting", 2]);
});

test("a connection of a page that comes back is asked whether it lives, and replaced when it does not", () => {
  const page = fakePage("hidden");
  const { client, network, clock } = startWelcomedClient({ page });
  clock.advance(10_000);
  page.become("visible");
  assert.deepEqual(network.socket.sent, ['{"type":"ping"}']);
  clock.advance(4500);
  assert.deepEqual([client.state, network.sockets.length], ["connecting", 2]);
});

test("a client that is closed stays closed and listens to nothing", () => {
  const page = fakePage();
  const { client, network, clock } = startWelcomedClient({ page });
  assert.equal(page.window.listeners + page.document.listeners, 4);
  client.close();
  assert.equal(page.window.listeners + page.document.listeners, 0);
  client.connect();
  welcome(network);
  assert.equal(page.window.listeners + page.document.listeners, 4);
  client.close();
  for (const [, say] of SIGNS) say(page);
  clock.advance(60_000);
  assert.deepEqual([client.state, network.sockets.length], ["closed", 2]);
});

// Silence.

test("a visible page knows of a server that stands still within ten seconds, and of its return at once", () => {
  const { client, network, clock } = startWelcomedClient({ page: fakePage() });
  const seen = record(client, "state", "open", "close");
  clock.advance(10_000);
  assert.deepEqual([client.state, network.socket.sent], ["silent", ['{"type":"ping"}']]);
  network.socket.say("ping", "pong");
  assert.equal(client.state, "open");
  assert.deepEqual(seen, [["state", "silent", { delay_ms: 0, silent_ms: 9000 }], ["state", "open", { delay_ms: 0 }]]);
});

test("what is sent in the silence is sent, and a request may be answered", async () => {
  const { client, network, clock } = startWelcomedClient({ page: fakePage() });
  clock.advance(9000);
  assert.equal(client.send("note", 1), true);
  const answer = client.request("note", 2);
  network.socket.say("note", "answer", network.socket.messages.at(-1).id);
  assert.equal(await answer, "answer");
});

test("a silence that lasts ends the connection after the same time as before", () => {
  const { client, network, clock } = startWelcomedClient({ page: fakePage() });
  const seen = record(client, "state", "close");
  clock.advance(5000 + 1.5 * USERINFO.heartbeat_ms);
  assert.deepEqual(seen.map(([event, first]) => [event, first?.reason ?? first]), [
    ["state", "silent"],
    ["state", "waiting"],
    ["close", "the server is silent"],
  ]);
  clock.advance(500);
  welcome(network);
  assert.equal(client.state, "open");
});

test("a hidden page pings in the server's interval only", () => {
  const page = fakePage("hidden");
  const { network, clock } = startWelcomedClient({ page });
  clock.advance(USERINFO.heartbeat_ms - 1);
  assert.deepEqual(network.socket.sent, []);
});

const FORBIDDEN = { effectiveDirective: "connect-src", disposition: "enforce", blockedURI: "ws://test/rt/" };

test("a client whose address the page's policy forbids stays away, and says why", () => {
  const page = fakePage();
  const { client, clock, network } = startClient({ page });
  const seen = record(client, "closed");
  page.window.say("securitypolicyviolation", FORBIDDEN);
  assert.deepEqual(seen, [["closed", { code: 1008, reason: "the page's Content-Security-Policy needs connect-src ws://test" }]]);
  clock.advance(600_000);
  assert.deepEqual([client.state, network.sockets.length], ["closed", 1]);
});

for (const [what, difference] of [
  ["of another directive", { effectiveDirective: "img-src" }],
  ["that is only reported", { disposition: "report" }],
  ["of another address", { blockedURI: "ws://other/rt/" }],
  ["of which the browser tells the scheme alone", { blockedURI: "ws" }],
]) {
  test(`a violation ${what} is none of the client's`, () => {
    const page = fakePage();
    const { client } = startClient({ page });
    page.window.say("securitypolicyviolation", { ...FORBIDDEN, ...difference });
    assert.equal(client.state, "connecting");
  });
}

test("a connection that is open outlives a violation of its address", () => {
  const page = fakePage();
  const { client } = startWelcomedClient({ page });
  page.window.say("securitypolicyviolation", FORBIDDEN);
  assert.equal(client.state, "open");
});
