import assert from "node:assert/strict";
import { test } from "node:test";

import { watchSession } from "../../../site/static/js/pages/session_watch.js";

/** A client that is waiting for its next attempt, as far as the watch can see, and a site that gives one answer. */
function watch(answer) {
  const seen = { closed: 0, signedOut: 0, asked: 0, connected: 0 };
  const listeners = new Map();
  const client = {
    state: "waiting",
    on: (event, listener) => listeners.set(event, listener),
    close: () => (seen.closed += 1),
    connect: () => (seen.connected += 1),
    lose: (code) => listeners.get("close")({ code }),
    end(code) {
      client.state = "closed";
      listeners.get("close")({ code });
      listeners.get("closed")({ code });
    },
  };
  const ask = async () => {
    seen.asked += 1;
    return answer();
  };
  watchSession(client, "/accounts/session/", () => (seen.signedOut += 1), ask);
  return { client, seen };
}

/** Lets everything run that was waiting for an answer. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const PROVES_NOTHING = [
  ["that holds", () => ({ status: 204 })],
  ["of a store that is away", () => ({ status: 503 })],
  ["of a site that is away", () => Promise.reject(new TypeError("failed to fetch"))],
];

test("a session that is over ends the attempts to come back", async () => {
  const { client, seen } = watch(() => ({ status: 401 }));
  client.lose(1006);
  await settled();
  assert.deepEqual(seen, { closed: 1, signedOut: 1, asked: 1, connected: 0 });
});

for (const [what, answer] of PROVES_NOTHING) {
  test(`a session ${what} ends nothing`, async () => {
    const { client, seen } = watch(answer);
    client.lose(1006);
    await settled();
    assert.deepEqual(seen, { closed: 0, signedOut: 0, asked: 1, connected: 0 });
  });
}

test("a connection that came back meanwhile is left alone", async () => {
  const { client, seen } = watch(() => ({ status: 401 }));
  client.lose(1006);
  client.state = "open";
  await settled();
  assert.equal(seen.closed, 0);
});

test("one question at a time, and none while connected", async () => {
  const { client, seen } = watch(() => ({ status: 204 }));
  client.lose(1006);
  client.lose(1006);
  await settled();
  client.state = "open";
  client.lose(1006);
  await settled();
  assert.equal(seen.asked, 1);
});

test("nobody is asked before the client has tried with what may be a new cookie", async () => {
  const { client, seen } = watch(() => ({ status: 401 }));
  client.lose(4009);
  await settled();
  assert.deepEqual(seen, { closed: 0, signedOut: 0, asked: 0, connected: 0 });
});

test("when that attempt was refused and the site knows no session either, the user is signed out", async () => {
  const { client, seen } = watch(() => ({ status: 401 }));
  client.end(4009);
  await settled();
  assert.deepEqual(seen, { closed: 0, signedOut: 1, asked: 1, connected: 0 });
});

for (const [what, answer] of PROVES_NOTHING) {
  test(`when that attempt failed and the session is one ${what}, the client goes on trying`, async () => {
    const { client, seen } = watch(answer);
    client.end(4009);
    await settled();
    assert.deepEqual(seen, { closed: 0, signedOut: 0, asked: 1, connected: 1 });
  });
}

test("a question from before does not keep the end from being told", async () => {
  const { client, seen } = watch(() => ({ status: 401 }));
  client.lose(1006);
  client.end(4009);
  await settled();
  assert.deepEqual([seen.signedOut, seen.asked], [1, 2]);
});

test("other ends are not the session's", async () => {
  const { client, seen } = watch(() => ({ status: 401 }));
  client.end(4003);
  await settled();
  assert.deepEqual(seen, { closed: 0, signedOut: 0, asked: 0, connected: 0 });
});
