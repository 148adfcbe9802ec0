/** Bytes that somebody changed on the way: nothing but the protocol's own errors, and every call ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeError, PacketError, RpcAdapter, RpcException } from "../../site/static/js/rtc/tce.js";
import { decodeExtra, decodeMessage, encodeMessage } from "../../site/static/js/rtc/tce/message.js";
import { PacketReader } from "../../site/static/js/rtc/tce/packet.js";
import { Cont, ContProxy, Prim, PrimProxy, Terminal } from "./generated/vec.js";
import { fromHex, joined, packetOf, randomFrom, startOpenConnection, toHex, turn } from "./tce_harness.mjs";
import { vectors } from "./tce_vectors.mjs";

const packets = vectors.filter(({ transport }) => transport !== "mq-body").map(({ hex }) => fromHex(hex));
const adapter = new RpcAdapter().addServant(new Prim()).addServant(new Cont()).addServant(new Terminal());

/** A few bytes changed, dropped, doubled or added, rarely in the header, so that it comes to what is behind it. */
function mutated(bytes, random) {
  const below = (limit) => Math.floor(random() * limit);
  let result = Uint8Array.from(bytes);
  for (let count = 1 + below(3); count > 0; count -= 1) {
    const at = (random() < 0.05 ? 0 : 14) + below(result.length);
    const kind = below(5);
    if (kind < 3) result[at % result.length] = kind === 0 ? below(256) : [0, 1, 255, 127][below(4)];
    else if (kind === 3) result = result.slice(0, Math.max(1, at));
    else result = joined([result.subarray(0, at), result.subarray(below(at + 1))]).slice(0, 5000);
  }
  return result;
}

function isOneOf(...types) {
  return (error) => {
    if (!types.some((type) => error instanceof type)) throw error;
  };
}

function attempt(run, onError) {
  try {
    return run();
  } catch (error) {
    return onError(error);
  }
}

test("changed packets are read, or refused with the protocol's errors", () => {
  const random = randomFrom(7);
  const counts = { messages: 0, values: 0 };
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = mutated(packets[round % packets.length], random);
    const reader = new PacketReader();
    reader.feed(bytes);
    const next = () => attempt(() => reader.next(), isOneOf(PacketError)) ?? null;
    for (let packet = next(); packet !== null; packet = next()) {
      const { body } = packet;
      const message = attempt(() => decodeMessage(body), isOneOf(DecodeError));
      if (message === undefined) continue;
      counts.messages += 1;
      decodeExtra(message.extraBytes);
      assert.equal(toHex(encodeMessage(message)).slice(2), toHex(body).slice(2));
      const operation = adapter.find(message)?.operation;
      const args = operation && attempt(() => operation.readParams(message.params), isOneOf(DecodeError));
      if (args === undefined) continue;
      counts.values += 1;
      operation.writeParams(args);
    }
  }
  assert.ok(counts.messages > 5000 && counts.values > 1000, JSON.stringify(counts));
});

test("a connection fed with them answers or closes, reports the protocol's errors, and its calls end", async () => {
  const random = randomFrom(11);
  const seen = { closed: 0, answered: 0 };
  for (let round = 0; round < 400; round += 1) {
    const {
      conn,
      network: { socket },
      clock,
      reported,
    } = startOpenConnection();
    conn.attachAdapter(adapter);
    const results = [
      new PrimProxy(conn).echo_string("x"),
      new ContProxy(conn).echo_point({ x: 1, y: 2 }),
      new PrimProxy(conn).nop(),
    ];
    const ends = results.map((result) => result.catch(isOneOf(RpcException)));
    socket.deliver(mutated(packets[round % packets.length], random).buffer);
    await turn();
    seen.closed += conn.state === "closed" ? 1 : 0;
    seen.answered += socket.sent.length > 3 ? 1 : 0;
    for (const error of reported) isOneOf(RpcException)(error);
    clock.advance(30_000);
    await Promise.all(ends);
    assert.equal(clock.pending, 0);
  }
  assert.ok(seen.closed > 20 && seen.answered > 20, JSON.stringify(seen));
});

test("after any amount of rubbish calls with a new connection work", async () => {
  const random = randomFrom(13);
  const { conn, network } = startOpenConnection();
  for (let round = 0; round < 100; round += 1) {
    network.socket.deliver(Uint8Array.from({ length: 40 }, () => random() * 256).buffer);
    assert.equal(conn.state, "closed");
    conn.connect();
    network.socket.accept();
  }
  const result = new PrimProxy(conn).nop();
  network.socket.deliver(packetOf({ sequence: 1 }).buffer);
  await result;
});
