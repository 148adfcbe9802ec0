import assert from "node:assert/strict";
import { test } from "node:test";

import { watchSession } from "../../../site/static/js/pages/session_watch.js";

/** A client that is waiting for its next attempt, as far as the watch can see, and a site that gives one answer. */
function watch(answer) {
  const seen = { closed: 0, signedOut: 0, asked: 0 };
  const client = { state: "waiting", on: (_, listener) => (client.listener = listener), close: () => (seen.closed += 1) };
  const ask = async () => {
    seen.asked += 1;
    return answer();
  };
  watchSession(client, "/accounts/session/", () => (seen.signedOut += 1), ask);
  return { client, seen };
}

/** Lets everything run that was waiting for an answer. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a session that is over ends the attempts to come back", async () => {
  const { client, seen } = watch(() => ({ status: 401 }));
  client.listener();
  await settled();
  assert.deepEqual(seen, { closed: 1, signedOut: 1, asked: 1 });
});

for (const [what, answer] of [
  ["that holds", () => ({ status: 204 })],
  ["of a store that is away", () => ({ status: 503 })],
  ["of a site that is away", () => Promise.reject(new TypeError("failed to fetch"))],
]) {
  test(`a session ${what} ends nothing`, async () => {
    const { client, seen } = watch(answer);
    client.listener();
    await settled();
    assert.deepEqual(seen, { closed: 0, signedOut: 0, asked: 1 });
  });
}

test("a connection that came back meanwhile is left alone", async () => {
  const { client, seen } = watch(() => ({ status: 401 }));
  client.listener();
  client.state = "open";
  await settled();
  assert.equal(seen.closed, 0);
});

test("one question at a time, and none while connected", async () => {
  const { client, seen } = watch(() => ({ status: 204 }));
  client.listener();
  client.listener();
  await settled();
  client.state = "open";
  client.listener();
  await settled();
  assert.equal(seen.asked, 1);
});
