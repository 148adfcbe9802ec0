import assert from "node:assert/strict";
import { test } from "node:test";
import { startClient, USERINFO, welcome } from "./client_harness.mjs";

const userinfo = (offset) => ({ ...USERINFO, user: { id: 7, name: "demo" }, offset });
const at = (number) => `10-${number}`;
const said = (network) => network.socket.messages.filter(({ type }) => type === "seen").map(({ data }) => data.offset);

function push(network, ...numbers) {
  for (const number of numbers) {
    network.socket.deliver(JSON.stringify({ type: "n", data: number, offset: at(number) }));
  }
}

/** A client whose live messages begin behind 10-9, a second after it has resumed: it has said so. */
function startResumedClient() {
  const parts = startClient({ storage: null });
  welcome(parts.network, userinfo(at(9)));
  parts.network.socket.say("resumed", { count: 0 });
  parts.clock.advance(1000);
  return parts;
}

test("who has resumed has seen what came before the connection", () => {
  assert.deepEqual(said(startResumedClient().network), [at(9)]);
});

test("what has been passed on is said to be seen a second later, in one word for all of it", () => {
  const { network, clock } = startResumedClient();
  push(network, 10);
  clock.advance(600);
  push(network, 11, 12);
  assert.deepEqual(said(network), [at(9)]);
  clock.advance(400);
  assert.deepEqual(said(network), [at(9), at(12)]);
  clock.advance(5000);
  assert.deepEqual(said(network), [at(9), at(12)]);
});

test("a stream of messages does not put it off", () => {
  const { network, clock } = startResumedClient();
  for (let number = 10; number < 40; number += 1) {
    push(network, number);
    clock.advance(100);
  }
  assert.deepEqual(said(network), [at(9), at(19), at(29), at(39)]);
});

test("while it is not known what was missed nothing is said, and after that all of it", () => {
  const { network, clock } = startResumedClient();
  network.socket.hangUp(1006);
  clock.advance(500);
  welcome(network, userinfo(at(20)));
  push(network, 15, 20, 21);
  clock.advance(9000);
  assert.deepEqual(said(network), []);
  network.socket.say("resumed", { count: 2 });
  clock.advance(1000);
  assert.deepEqual(said(network), [at(21)]);
});

test("what was missed is said to be seen, even if nothing comes after it", () => {
  const { network, clock } = startResumedClient();
  network.socket.hangUp(1006);
  clock.advance(500);
  welcome(network, userinfo(at(20)));
  push(network, 20);
  network.socket.say("resumed", { count: 1 });
  clock.advance(1000);
  assert.deepEqual(said(network), [at(20)]);
});

test("a page that closes says it at once, and nothing later", () => {
  const { client, network, clock } = startResumedClient();
  push(network, 10);
  client.close();
  assert.deepEqual(said(network), [at(9), at(10)]);
  clock.advance(60_000);
  assert.equal(clock.pending, 0);
});

test("a page that closes and has nothing new says nothing", () => {
  const { client, network } = startResumedClient();
  client.close();
  assert.deepEqual(said(network), [at(9)]);
});

test("what could not be said before the loss is said on the next connection", () => {
  const { network, clock } = startResumedClient();
  push(network, 10);
  network.socket.hangUp(1006);
  clock.advance(5000);
  welcome(network, userinfo(at(10)));
  network.socket.say("resumed", { count: 0 });
  clock.advance(1000);
  assert.deepEqual(said(network), [at(10)]);
});

test("a server that keeps nothing is told nothing", () => {
  const { network, clock } = startClient({ storage: null });
  welcome(network, USERINFO);
  push(network, 1);
  clock.advance(60_000);
  assert.deepEqual(said(network), []);
});
