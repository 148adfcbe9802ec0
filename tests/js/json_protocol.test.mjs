/** The protocol's literal bytes, shared with the Python tests: what the client writes, and what it reads. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MyCharts } from "../../site/static/js/rtc/index.js";
import { record, startWelcomedClient } from "./client_harness.mjs";

const vectors = JSON.parse(readFileSync(new URL("../vectors/json_protocol.json", import.meta.url), "utf8"));
const going = (direction) => vectors.filter((vector) => vector.direction === direction);
const textOf = (name) => vectors.find((vector) => vector.name === name).text;

test("every vector goes one of the two ways and says what it shows", () => {
  assert.deepEqual(going("to_server").length + going("to_client").length, vectors.length);
  for (const { text, value } of vectors) assert.deepEqual(JSON.parse(text), value);
});

for (const { name, text, value } of going("to_server")) {
  test(`the client writes ${name}`, () => {
    const { client, network } = startWelcomedClient();
    client.send(value.type, value.data, value.id);
    assert.deepEqual(network.socket.sent, [text]);
  });
}

for (const { name, text, value } of going("to_client")) {
  test(`the client reads ${name}`, () => {
    const { client, network } = startWelcomedClient();
    const seen = record(client, "message");
    network.socket.deliver(text);
    assert.deepEqual(seen, [["message", value]]);
  });
}

test("charts are asked for and given up in exactly these bytes", () => {
  const { client, network } = startWelcomedClient();
  const charts = new MyCharts(client);
  const { type, ...options } = going("to_server").find(({ name }) => name === "a request for a chart").value.data;
  charts.request(options);
  charts.unlisten("main");
  assert.equal(type, "quote");
  assert.deepEqual(network.socket.sent, [textOf("a request for a chart"), textOf("the end of a chart")]);
});

test("a rate is asked for and changed in exactly these bytes", () => {
  const { client, network } = startWelcomedClient();
  const charts = new MyCharts(client);
  const request = "a request for a chart that need not be up to date at every moment";
  const { type, ...options } = going("to_server").find(({ name }) => name === request).value.data;
  charts.request(options);
  charts.setMaxRate("main", 2);
  charts.setMaxRate("main", null);
  assert.equal(type, "quote");
  const changes = [textOf("another rate for a chart"), textOf("no bound for a chart's rate")];
  assert.deepEqual(network.socket.sent, [textOf(request), ...changes]);
});

test("a request is marked with the first id in exactly these bytes, and its answer found", async () => {
  const { client, network } = startWelcomedClient();
  const answer = client.request("ping", "hello");
  assert.deepEqual(network.socket.sent, [textOf("a request that wants its answer marked")]);
  network.socket.deliver(textOf("the marked answer to a ping"));
  assert.equal(await answer, "pong");
});
