/** What a connection does for calls: bytes out, bytes in, and every call ends. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { RpcConnection, RpcConsts, RpcException } from "../../site/static/js/rtc/tce.js";
import { ContProxy, Person, Point, PrimProxy, TerminalProxy } from "./generated/vec.js";
import {
  ASYNC,
  CALL,
  deliver,
  fromHex,
  joined,
  messagesOf,
  ONEWAY,
  packetOf,
  RETURN,
  sentTo,
  startConnection,
  startOpenConnection,
  text,
  toHex,
  turn,
} from "./tce_harness.mjs";
import { vectors } from "./tce_vectors.mjs";

const [CONNECTING, OPEN, WAITING, CLOSED] = ["connecting", "open", "waiting", "closed"];

function answerTo({ sequence }, fields = {}) {
  return packetOf({ sequence, ...fields });
}

function compressed(packet) {
  const body = zlib.deflateSync(packet.subarray(14));
  const bytes = joined([packet.subarray(0, 14), body]);
  new DataView(bytes.buffer).setUint32(4, 10 + body.length);
  bytes[8] = 1;
  return bytes;
}

function failure(errcode, message) {
  return (error) => {
    assert.ok(error instanceof RpcException, String(error));
    assert.deepEqual([error.errcode, message === undefined || error.message.includes(message)], [errcode, true]);
    return true;
  };
}

// Calls.

test("nothing is connected before the first call", () => {
  const { conn, network } = startConnection();
  assert.deepEqual([network.sockets.length, conn.state], [0, CLOSED]);
});

test("the first call connects, waits for the connection, and is one packet in one binary message", async () => {
  const { conn, network } = startConnection();
  const result = new PrimProxy(conn).echo_string("hello");
  const { socket } = network;
  assert.deepEqual(
    [socket.url, socket.binaryType, socket.sent.length, conn.state],
    ["ws://test/rt/", "arraybuffer", 0, CONNECTING],
  );
  socket.accept();
  const { hex } = vectors.find(({ name }) => name === "derived.call.echo_string_minimal");
  assert.deepEqual([socket.sent.map(toHex), conn.state], [[hex], OPEN]);
  deliver(socket, answerTo({ sequence: 1 }, { params: text("hello") }));
  assert.equal(await result, "hello");
});

test("results find their calls in any order, several packets in a message and one over several", async () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  const prx = new PrimProxy(conn);
  const results = [prx.echo_string("a"), prx.add(1, 2), prx.nop()];
  const [first, second, third] = sentTo(socket);
  const bytes = joined([
    answerTo(third),
    answerTo(second, { params: [0, 0, 0, 3] }),
    answerTo(first, { params: text("a") }),
  ]);
  deliver(socket, bytes.subarray(0, 14));
  deliver(socket, bytes.subarray(14, 100));
  deliver(socket, bytes.subarray(100));
  assert.deepEqual(await Promise.all(results), ["a", 3, undefined]);
});

test("each way to call is marked as servers know it, and counts its parameters", () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  const prx = new PrimProxy(conn);
  prx.add(1, 2).catch(() => {});
  prx.add_async(1, 2);
  prx.notify__oneway("x", 1);
  const sent = sentTo(socket).map(({ calltype, paramsize, ifidx, opidx }) => [calltype, paramsize, ifidx, opidx]);
  assert.deepEqual(sent, [
    [CALL, 2, 7, 40],
    [CALL | ASYNC, 2, 7, 40],
    [CALL | ONEWAY, 2, 7, 10],
  ]);
});

test("extra values that are no strings travel as texts", () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  new PrimProxy(conn).nop({ extra: { first: 1, second: "x" } });
  new PrimProxy(conn).nop_oneway({ extra: { third: true } });
  assert.deepEqual(
    sentTo(socket).map(({ extra }) => extra),
    [{ first: "1", second: "x" }, { third: "true" }],
  );
});

test("structs may be given as plain objects, dictionaries too, and come back as what they are", async () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  const person = { name: "Bob", home: { x: 1, y: 2 }, tags: ["t"], props: { p: "q" }, photo: [1, 255] };
  const result = new ContProxy(conn).echo_person(person);
  const [{ params, sequence }] = sentTo(socket);
  deliver(socket, answerTo({ sequence }, { params }));
  const expected = { name: "Bob", home: new Point({ x: 1, y: 2 }), tags: ["t"], props: new Map([["p", "q"]]) };
  assert.deepEqual(await result, new Person({ ...expected, photo: Uint8Array.of(1, 255) }));
});

for (const [what, call] of [
  ["a number that does not fit", (prx) => prx.echo_short(70000)],
  ["a text for a number", (prx) => prx.echo_int("1")],
  ["a number for a text", (prx) => prx.echo_string(1)],
  ["a missing parameter", (prx) => prx.add(1)],
  ["a long that is not exact", (prx) => prx.echo_long(2 ** 60)],
  ["a long that is too long", (prx) => prx.echo_long(2n ** 63n)],
  ["a number for a bool", (prx) => prx.echo_bool(1)],
  ["a bigint for a double", (prx) => prx.echo_double(1n)],
  ["a float that would become infinite", (prx) => prx.echo_float(1e39)],
  ["half a surrogate pair", (prx) => prx.echo_string("a\ud83d")],
]) {
  test(`${what} is refused before anything is sent, and the operation named`, async () => {
    const { conn, network } = startConnection();
    await assert.rejects(call(new PrimProxy(conn)), failure(RpcConsts.RPCERROR_DATADIRTY, "vec.Prim."));
    assert.equal(network.sockets.length, 0);
  });
}

for (const [what, call] of [
  ["a text for a list", (prx) => prx.echo_strs("abc")],
  ["nothing for a list", (prx) => prx.echo_ints(null)],
  ["nothing for a struct", (prx) => prx.echo_point(undefined)],
  ["a text for a dictionary", (prx) => prx.echo_ss("abc")],
  ["a text object for a list", (prx) => prx.echo_strs(new String("abc"))],
  ["a list for a dictionary", (prx) => prx.echo_ss(["abc"])],
  ["a set for a dictionary", (prx) => prx.echo_ss(new Set(["abc"]))],
  ["a date for a dictionary", (prx) => prx.echo_ss(new Date(0))],
  ["half a surrogate pair as a key", (prx) => prx.echo_ss({ "\ud83d": "" })],
  ["half a surrogate pair in a list", (prx) => prx.echo_strs(["\ud83d"])],
  ["a plain object for a dictionary of numbers", (prx) => prx.echo_is({ 1: "one" })],
  ["a text for bytes", (prx) => prx.echo_bytes("abc")],
  ["numbers that are no bytes", (prx) => prx.echo_bytes([256])],
]) {
  test(`${what} is refused`, async () => {
    const { conn } = startOpenConnection();
    await assert.rejects(call(new ContProxy(conn)), failure(RpcConsts.RPCERROR_DATADIRTY, "vec.Cont."));
  });
}

test("a call that no peer would take for its size is refused", async () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection({ maxPacketBytes: 100 });
  const prx = new PrimProxy(conn);
  await assert.rejects(prx.echo_string("x".repeat(66)), failure(RpcConsts.RPCERROR_SENDFAILED));
  prx.echo_string("x".repeat(65)).catch(() => {});
  assert.deepEqual(
    socket.sent.map((packet) => packet.length),
    [104],
  );
});

// Errors.

test("an error number of the peer is an exception with this number and its name", async () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  const [known, unknown] = [new PrimProxy(conn).nop(), new PrimProxy(conn).nop()];
  deliver(socket, packetOf({ sequence: 1, errcode: 6 }), packetOf({ sequence: 2, errcode: 4_000_000_000 }));
  await assert.rejects(known, (error) => {
    assert.deepEqual([error.errcode, error.name], [6, "RPCERROR_REMOTEMETHOD_EXCEPTION"]);
    return error.what() === "RPCERROR_REMOTEMETHOD_EXCEPTION: vec.Prim.nop";
  });
  await assert.rejects(unknown, (error) => error.what().startsWith("Undefined Error"));
});

for (const [what, params] of [
  ["cut off", [0, 0, 0]],
  ["too long", [0, 0, 0, 1, 0]],
  ["missing", []],
]) {
  test(`a result that is ${what} fails its call alone`, async () => {
    const {
      conn,
      network: { socket },
    } = startOpenConnection();
    const result = new PrimProxy(conn).add(1, 2);
    deliver(socket, answerTo({ sequence: 1 }, { params }));
    await assert.rejects(result, failure(RpcConsts.RPCERROR_UNSERIALIZE_FAILED));
    assert.equal(conn.state, OPEN);
  });
}

test("a body that is no message is reported and passed over", async () => {
  const {
    conn,
    network: { socket },
    reported,
  } = startOpenConnection();
  const result = new PrimProxy(conn).nop();
  const short = vectors.find(({ name }) => name === "negative.short_body");
  deliver(socket, fromHex(short.hex), answerTo({ sequence: 1 }));
  await result;
  assert.deepEqual(
    reported.map(({ errcode }) => errcode),
    [RpcConsts.RPCERROR_UNSERIALIZE_FAILED],
  );
});

test("answers nobody waits for, texts, and messages that are neither call nor answer are passed over", async () => {
  const {
    conn,
    network: { socket },
    reported,
  } = startOpenConnection();
  const result = new PrimProxy(conn).nop();
  socket.deliver('{"type":"userinfo","data":{}}');
  deliver(socket, answerTo({ sequence: 77 }), packetOf({ sequence: 1, calltype: 0x10 }), answerTo({ sequence: 1 }));
  assert.equal(await result, undefined);
  assert.deepEqual([reported, conn.state], [[], OPEN]);
});

// Time.

test("a call without an answer ends after 30 seconds, or as many as it says; a late answer finds nobody", async () => {
  const {
    conn,
    network: { socket },
    clock,
  } = startOpenConnection();
  const prx = new PrimProxy(conn);
  const [usual, quick, patient] = [prx.nop(), prx.nop({ timeout: 1.5 }), prx.nop({ timeout: Infinity })];
  clock.advance(1499);
  assert.equal(clock.pending, 2);
  clock.advance(1);
  await assert.rejects(quick, failure(RpcConsts.RPCERROR_TIMEOUT, "1.5 s"));
  deliver(socket, answerTo({ sequence: 77 }));
  clock.advance(28_500);
  await assert.rejects(usual, failure(RpcConsts.RPCERROR_TIMEOUT));
  clock.advance(1e9);
  deliver(socket, answerTo({ sequence: 1 }), answerTo({ sequence: 3 }));
  await patient;
});

test("a connection's own timeout holds for all its calls", async () => {
  const { conn, clock } = startOpenConnection({ timeout: 2 });
  const result = new PrimProxy(conn).nop();
  clock.advance(2000);
  await assert.rejects(result, failure(RpcConsts.RPCERROR_TIMEOUT));
});

for (const nothing of [0, null, undefined]) {
  test(`a timeout of ${nothing} is the default of 30 seconds, of a call and of a connection`, async () => {
    for (const [options, seconds] of [[{ timeout: nothing }, 30], [{ timeout: 2 }, 2]]) {
      const { conn, clock } = startOpenConnection(options);
      const results = [new PrimProxy(conn).nop({ timeout: nothing }), new PrimProxy(conn).nop(nothing)];
      let ended = 0;
      for (const result of results) result.catch(() => (ended += 1));
      clock.advance(seconds * 1000 - 1);
      await turn();
      assert.equal(ended, 0);
      clock.advance(1);
      for (const result of results) await assert.rejects(result, failure(RpcConsts.RPCERROR_TIMEOUT, `${seconds} s`));
    }
  });
}

test("no time to connect in is the default, too", () => {
  const { conn, clock } = startConnection({ connectTimeout: 0 });
  conn.connect();
  clock.advance(14_999);
  assert.equal(conn.state, CONNECTING);
  clock.advance(1);
  assert.equal(conn.state, CLOSED);
});

test("extra values in the place of the options are extra values, and a number there is the timeout", async () => {
  const {
    conn,
    clock,
    network: { socket },
  } = startOpenConnection();
  const prx = new PrimProxy(conn);
  prx.nop({ first: 1, second: 2 }).catch(() => {});
  prx.nop_oneway({ first: 1 });
  prx.nop_oneway(() => {}, { first: 2 });
  prx.nop_oneway(null, { first: 3 });
  const quick = prx.nop(1.5);
  assert.deepEqual(
    sentTo(socket).map(({ extra }) => extra),
    [{ first: "1", second: "2" }, { first: "1" }, { first: "2" }, { first: "3" }, {}],
  );
  clock.advance(1500);
  await assert.rejects(quick, failure(RpcConsts.RPCERROR_TIMEOUT));
});

for (const options of [{ timeout: 1, first: 1 }, { timeout: "5" }, { timeout: NaN }, [1], "5"]) {
  test(`options like ${JSON.stringify(options)} are refused before anything is sent`, async () => {
    const { conn, network } = startConnection();
    await assert.rejects(new PrimProxy(conn).nop(options), failure(RpcConsts.RPCERROR_DATADIRTY));
    assert.equal(network.sockets.length, 0);
  });
}

test("a timeout that no timer can hold is none", () => {
  const { conn, clock } = startOpenConnection();
  new PrimProxy(conn).nop({ timeout: 3_000_000 });
  assert.equal(clock.pending, 0);
});

// A server that says nothing.

test("after a timeout in which nothing came the server is asked, and given up if it says nothing to that", async () => {
  const { conn, network, clock } = startOpenConnection();
  const prx = new PrimProxy(conn);
  const closed = [];
  conn.on("close", (event) => closed.push(event));
  const lost = prx.nop({ timeout: 5 });
  const quick = prx.nop({ timeout: 1 });
  clock.advance(1000);
  await assert.rejects(quick, failure(RpcConsts.RPCERROR_TIMEOUT));
  const { ifidx, opidx, calltype, params } = sentTo(network.socket).at(-1);
  assert.deepEqual([ifidx, opidx, calltype, params.length], [0x7fff, 0, CALL, 0]);
  clock.advance(4249);
  assert.deepEqual([conn.state, closed], [OPEN, []]);
  clock.advance(1);
  await assert.rejects(lost, failure(RpcConsts.RPCERROR_TIMEOUT));
  assert.deepEqual([conn.state, closed], [CLOSED, [{ code: 1006, reason: "the server has been silent" }]]);
  const anew = prx.nop();
  network.socket.accept();
  assert.equal(network.sockets.length, 2);
  deliver(network.socket, answerTo({ sequence: sentTo(network.socket)[0].sequence }));
  await anew;
  assert.equal(clock.pending, 0);
});

const refusal = answerTo({ sequence: 2, errcode: RpcConsts.RPCERROR_INTERFACE_NOTFOUND }).buffer;
for (const [how, data] of [["refuses what it was asked", refusal], ["says anything", "{}"]]) {
  test(`a slow server that ${how} keeps its connection`, async () => {
    const { conn, network, clock, reported } = startOpenConnection();
    const result = new PrimProxy(conn).nop({ timeout: 1 });
    clock.advance(1000);
    await assert.rejects(result, failure(RpcConsts.RPCERROR_TIMEOUT));
    assert.equal(network.socket.sent.length, 2);
    network.socket.deliver(data);
    clock.advance(60_000);
    assert.deepEqual([conn.state, network.socket.sent.length, clock.pending, reported], [OPEN, 2, 0, []]);
  });
}

test("a server that has said something since the call was made is not asked", async () => {
  const { conn, network, clock } = startOpenConnection();
  const result = new PrimProxy(conn).nop({ timeout: 1 });
  network.socket.deliver("{}");
  clock.advance(1000);
  await assert.rejects(result, failure(RpcConsts.RPCERROR_TIMEOUT));
  assert.deepEqual([network.socket.sent.length, clock.pending], [1, 0]);
});

test("a call that ends before there is a connection asks nobody", async () => {
  const { conn, network, clock } = startConnection();
  const result = new PrimProxy(conn).nop({ timeout: 1 });
  clock.advance(1000);
  await assert.rejects(result, failure(RpcConsts.RPCERROR_TIMEOUT));
  network.socket.accept();
  assert.deepEqual([network.socket.sent.length, clock.pending], [1, 0]);
});

// Callbacks, as the original has them.

test("a callback gets result, proxy and cookie; that of a void operation no result", async () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  const prx = new PrimProxy(conn);
  const seen = [];
  const props = { k: "v" };
  prx.echo_string_async("x", (...args) => seen.push(args), null, props, "cookie");
  prx.nop_async((...args) => seen.push(args), null, null, 7);
  assert.deepEqual(
    sentTo(socket).map(({ extra }) => extra),
    [props, {}],
  );
  deliver(socket, answerTo({ sequence: 1 }, { params: text("x") }), answerTo({ sequence: 2 }));
  await turn();
  assert.deepEqual(seen, [
    ["x", prx, "cookie"],
    [prx, 7],
  ]);
});

test("an error callback gets the exception; without one it is reported", async () => {
  const {
    conn,
    network: { socket },
    reported,
  } = startOpenConnection();
  const prx = new PrimProxy(conn);
  const errors = [];
  prx.nop_async(null, (error, proxy, cookie) => errors.push([error.errcode, proxy, cookie]), null, "c");
  prx.nop_async();
  deliver(socket, packetOf({ sequence: 1, errcode: 6 }), packetOf({ sequence: 2, errcode: 8 }));
  await turn();
  assert.deepEqual([errors, reported.map(({ errcode }) => errcode)], [[[6, prx, "c"]], [8]]);
});

test("what callbacks throw is reported and hurts nobody else", async () => {
  const {
    conn,
    network: { socket },
    reported,
  } = startOpenConnection();
  const prx = new PrimProxy(conn);
  const thrown = [new Error("one"), new Error("two"), new Error("three")];
  const throwing = (error) => () => {
    throw error;
  };
  prx.nop_async(throwing(thrown[0]));
  prx.nop_async(null, throwing(thrown[1]));
  prx.notify__oneway(1, 1, throwing(thrown[2]));
  const last = prx.nop();
  deliver(socket, answerTo({ sequence: 1 }), packetOf({ sequence: 2, errcode: 1 }), answerTo({ sequence: 3 }));
  await last;
  await turn();
  assert.deepEqual(new Set(reported), new Set(thrown));
});

test("a one-way call takes options, or error and props; a failure goes to the error, or is reported", async () => {
  const { conn, network, reported } = startConnection();
  const prx = new PrimProxy(conn);
  const errors = [];
  const onError = (error, proxy) => errors.push([error.errcode, proxy]);
  prx.nop_oneway();
  prx.nop_oneway({ extra: { a: "1" }, error: onError });
  prx.nop_oneway(onError, { b: "2" });
  prx.nop_oneway(null, { c: "3" });
  network.socket.accept();
  assert.deepEqual(
    sentTo(network.socket).map(({ extra }) => extra),
    [{}, { a: "1" }, { b: "2" }, { c: "3" }],
  );
  network.socket.hangUp(1006);
  prx.nop_oneway({ error: onError });
  prx.nop_oneway(onError);
  prx.nop_oneway();
  network.socket.hangUp(1006);
  await turn();
  assert.deepEqual(errors, [
    [102, prx],
    [102, prx],
  ]);
  assert.deepEqual(
    reported.map(({ errcode }) => errcode),
    [RpcConsts.RPCERROR_CONNECT_FAILED],
  );
});

// Connections.

test("calls that wait end at once when the connection goes", async () => {
  const {
    conn,
    network: { socket },
    clock,
  } = startOpenConnection();
  const results = [new PrimProxy(conn).nop(), new PrimProxy(conn).nop()];
  socket.hangUp(1001, "going away");
  for (const result of results) await assert.rejects(result, failure(RpcConsts.RPCERROR_CONNECTION_LOST, "going away"));
  assert.deepEqual([conn.state, clock.pending], [CLOSED, 0]);
});

test("calls that wait for a connection that cannot be made end, too", async () => {
  const { conn, network, clock } = startConnection({ connectTimeout: 5 });
  const refused = new PrimProxy(conn).nop();
  network.socket.hangUp(1006);
  await assert.rejects(refused, failure(RpcConsts.RPCERROR_CONNECT_FAILED, "1006"));
  const late = new PrimProxy(conn).nop();
  clock.advance(5000);
  await assert.rejects(late, failure(RpcConsts.RPCERROR_CONNECT_FAILED, "not open in time"));
  assert.deepEqual([network.sockets.length, conn.state], [2, CLOSED]);
});

test("an address that is none fails the call", async () => {
  class Refusing {
    constructor(uri) {
      throw new SyntaxError(`${uri} is no address`);
    }
  }
  const conn = new RpcConnection("nonsense", { WebSocket: Refusing });
  await assert.rejects(new PrimProxy(conn).nop(), failure(RpcConsts.RPCERROR_CONNECT_FAILED, "nonsense"));
  assert.throws(() => conn.connect(), failure(RpcConsts.RPCERROR_CONNECT_FAILED));
});

test("a socket that does not take a packet fails the call", async () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  socket.send = () => {
    throw new Error("no more");
  };
  await assert.rejects(new PrimProxy(conn).nop(), failure(RpcConsts.RPCERROR_SENDFAILED, "no more"));
});

test("the next call makes the next connection; half a packet does not come along", async () => {
  const { conn, network } = startOpenConnection();
  const prx = new PrimProxy(conn);
  const first = prx.nop();
  const half = answerTo({ sequence: 1 }).subarray(0, 20);
  deliver(network.socket, half);
  const old = network.socket;
  const { onmessage } = old;
  old.hangUp(1006);
  await assert.rejects(first, failure(RpcConsts.RPCERROR_CONNECTION_LOST));
  const second = prx.echo_string("again");
  network.socket.accept();
  onmessage?.({ data: answerTo({ sequence: 2 }, { params: text("from the dead") }).buffer });
  const [{ sequence }] = sentTo(network.socket);
  deliver(network.socket, answerTo({ sequence }, { params: text("again") }));
  assert.equal(await second, "again");
  assert.deepEqual([network.sockets.length, old.onmessage], [2, null]);
});

test("without a wish to receive nothing comes back by itself", () => {
  const { network, clock } = startOpenConnection();
  network.socket.hangUp(1006);
  clock.advance(1e9);
  assert.equal(network.sockets.length, 1);
});

test("who wants to receive comes back with backoff, and hears of it", () => {
  const { conn, network, clock } = startConnection({ reconnect: true });
  const seen = [];
  conn.on("state", (state) => seen.push(state));
  conn.on("open", () => seen.push("opened"));
  conn.on("close", ({ code }) => seen.push(code));
  conn.connect();
  network.socket.accept();
  network.socket.hangUp(1006);
  clock.advance(499);
  assert.equal(network.sockets.length, 1);
  clock.advance(1);
  network.socket.accept();
  assert.deepEqual(seen, [CONNECTING, OPEN, "opened", WAITING, 1006, CONNECTING, OPEN, "opened"]);
});

for (const code of [1000, 4001, 4003]) {
  test(`after ${code} even they stay away, until the next call`, () => {
    const { conn, network, clock } = startOpenConnection({ reconnect: true });
    network.socket.hangUp(code);
    clock.advance(1e9);
    assert.deepEqual([network.sockets.length, conn.state], [1, CLOSED]);
    new PrimProxy(conn).nop_oneway();
    assert.equal(network.sockets.length, 2);
  });
}

test("after the end of a session even they try once more, and stay away when that is refused", () => {
  const { conn, network, clock } = startOpenConnection({ reconnect: true });
  const codes = [];
  conn.on("close", ({ code }) => codes.push(code));
  network.socket.hangUp(4009, "session closed");
  assert.equal(conn.state, WAITING);
  clock.advance(2000);
  network.socket.hangUp(1006);
  clock.advance(1e9);
  assert.deepEqual([network.sockets.length, conn.state, codes], [2, CLOSED, [4009, 4009]]);
});

test("a session under a new key lets them in again; without `reconnect` it is for the next call", () => {
  const { conn, network, clock } = startOpenConnection({ reconnect: true });
  network.socket.hangUp(4009);
  clock.advance(2000);
  network.socket.accept();
  assert.equal(conn.state, OPEN);
  const other = startOpenConnection();
  other.network.socket.hangUp(4009);
  other.clock.advance(1e9);
  assert.deepEqual([other.conn.state, other.network.sockets.length], [CLOSED, 1]);
});

test("an attempt that is not answered in time is no refusal", () => {
  const { conn, network, clock } = startOpenConnection({ reconnect: true });
  network.socket.hangUp(4009);
  clock.advance(2000);
  clock.advance(60_000);
  assert.ok(network.sockets.length > 2);
  assert.notEqual(conn.state, CLOSED);
});

test("a connection that ends with an error alone has failed at once", async () => {
  const { conn, network, clock } = startConnection();
  const closes = [];
  conn.on("close", (close) => closes.push(close));
  const result = new PrimProxy(conn).nop();
  network.socket.refuse("nobody there");
  await assert.rejects(result, failure(RpcConsts.RPCERROR_CONNECT_FAILED, "nobody there"));
  network.socket.refuse("once more, as Node says when it is closed");
  assert.deepEqual([closes, conn.state, clock.pending], [[{ code: 1006, reason: "nobody there" }], CLOSED, 0]);
});

test("an error that a close follows is left to it", async () => {
  const { conn, network } = startOpenConnection();
  const result = new PrimProxy(conn).nop();
  network.socket.readyState = 1;
  network.socket.onerror({ message: "bad frame" });
  assert.equal(conn.state, OPEN);
  network.socket.hangUp(1002, "bad frame");
  await assert.rejects(result, failure(RpcConsts.RPCERROR_CONNECTION_LOST));
});

test("in this Node a refused connect fails the call long before its time is over", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--experimental-websocket", "--no-warnings", fileURLToPath(new URL("./refused_connect.mjs", import.meta.url))],
    { timeout: 10_000 },
  );
  assert.equal(stdout, "close 1006\nRPCERROR_CONNECT_FAILED\nRTClient: close 1006\n");
});

test("in this Node a call after one that nobody answered has a new connection", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--experimental-websocket", "--no-warnings", fileURLToPath(new URL("./silent_server.mjs", import.meta.url))],
    { timeout: 20_000 },
  );
  assert.equal(stdout, "connected\nRPCERROR_TIMEOUT\nthe server has been silent\nconnected\n");
});

test("a call cuts the wait for the next attempt short", () => {
  const { conn, network, clock } = startOpenConnection({ reconnect: true });
  network.socket.hangUp(1006);
  assert.equal(conn.state, WAITING);
  new PrimProxy(conn).nop().catch(() => {});
  assert.deepEqual([conn.state, network.sockets.length], [CONNECTING, 2]);
  network.socket.accept();
  clock.advance(20_000);
  assert.deepEqual([conn.state, network.sockets.length], [OPEN, 2]);
});

test("a call made by who is told of the loss belongs to the next connection", async () => {
  const { conn, network } = startOpenConnection();
  let second;
  conn.on("close", () => (second ??= new PrimProxy(conn).echo_string("x")));
  const first = new PrimProxy(conn).nop();
  network.socket.hangUp(1006);
  await assert.rejects(first, failure(RpcConsts.RPCERROR_CONNECTION_LOST));
  network.socket.accept();
  const [{ sequence }] = sentTo(network.socket);
  deliver(network.socket, answerTo({ sequence }, { params: text("x") }));
  assert.equal(await second, "x");
});

test("closing ends what waits, stops coming back, and the next call opens again", async () => {
  const { conn, network, clock } = startOpenConnection({ reconnect: true });
  const result = new PrimProxy(conn).nop();
  conn.close();
  await assert.rejects(result, failure(RpcConsts.RPCERROR_CONNECTION_LOST, "closed by this side"));
  clock.advance(1e9);
  assert.deepEqual(
    [conn.state, network.sockets.length, network.socket.closedWith],
    [CLOSED, 1, [undefined, undefined]],
  );
  conn.close();
  new PrimProxy(conn).nop().catch(() => {});
  assert.equal(network.sockets.length, 2);
});

test("closing in a wait ends the wait", () => {
  const { conn, network, clock } = startOpenConnection({ reconnect: true });
  network.socket.hangUp(1006);
  conn.close();
  clock.advance(1e9);
  assert.deepEqual([conn.state, network.sockets.length, clock.pending], [CLOSED, 1, 0]);
});

// Who one is.

test("the token goes out with the first packet of every connection", async () => {
  const { conn, network } = startConnection();
  const prx = new PrimProxy(conn);
  conn.setToken("secret");
  conn.setDeviceId("phone");
  const both = { __token__: "secret", __device_id__: "phone" };
  prx.nop_oneway();
  prx.nop_oneway({ extra: { k: "v" } });
  network.socket.accept();
  prx.nop_oneway();
  assert.deepEqual(
    sentTo(network.socket).map(({ extra }) => extra),
    [both, { k: "v" }, {}],
  );
  network.socket.hangUp(1006);
  prx.nop_oneway({ extra: { k: "v" } });
  network.socket.accept();
  assert.deepEqual(
    sentTo(network.socket).map(({ extra }) => extra),
    [{ ...both, k: "v" }],
  );
});

test("a token that is set on an open connection goes out with the next packet", () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  const prx = new PrimProxy(conn);
  prx.nop_oneway();
  conn.setToken("secret");
  prx.nop_oneway();
  prx.nop_oneway();
  assert.deepEqual(
    sentTo(socket).map(({ extra }) => extra),
    [{}, { __token__: "secret" }, {}],
  );
});

for (const [what, extra] of [
  ["half a surrogate pair", { first: "\ud83d" }],
  ["a list", ["first"]],
  ["what is no text in any way", { first: Object.create(null) }],
]) {
  test(`extra values are refused before anything is sent: ${what}`, async () => {
    const { conn, network, reported } = startConnection();
    const prx = new PrimProxy(conn);
    await assert.rejects(prx.nop({ extra }), failure(RpcConsts.RPCERROR_DATADIRTY));
    prx.nop_oneway({ extra });
    prx.nop_async(null, null, extra);
    await turn();
    assert.deepEqual(reported.map(({ errcode }) => errcode), [3, 3]);
    assert.equal(network.sockets.length, 0);
  });
}

test("extra values may be a Map, and may say the token themselves", () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  conn.setToken("mine");
  new PrimProxy(conn).nop_oneway({ extra: new Map([["a", 1]]) });
  conn.setToken("mine");
  new PrimProxy(conn).nop_oneway({ extra: { __token__: "other" } });
  const sent = sentTo(socket).map(({ extra, extraBytes }) => [extra, extraBytes.length]);
  assert.deepEqual(sent, [[{ a: "1", __token__: "mine" }, 2], [{ __token__: "other" }, 1]]);
});

test("a token that cannot be said is refused where it is set", () => {
  const { conn } = startConnection();
  assert.throws(() => conn.setToken("\ud83d"), failure(RpcConsts.RPCERROR_DATADIRTY));
  assert.throws(() => conn.setDeviceId("\ud83d"), failure(RpcConsts.RPCERROR_DATADIRTY));
});

test("what is refused before it is sent takes no token along", async () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  conn.setToken("secret");
  await assert.rejects(new PrimProxy(conn).echo_int("x"), failure(RpcConsts.RPCERROR_DATADIRTY));
  const long = "x".repeat(2 ** 20);
  await assert.rejects(new PrimProxy(conn).echo_string(long), failure(RpcConsts.RPCERROR_SENDFAILED));
  new PrimProxy(conn).nop_oneway();
  assert.deepEqual(
    sentTo(socket).map(({ extra }) => extra),
    [{ __token__: "secret" }],
  );
});

// Packets.

const bad = [
  "negative.bad_magic",
  "negative.size_10",
  "negative.compress_2",
  "negative.bad_zlib",
  "negative.size_over_1MiB",
];
for (const { name, hex } of vectors.filter((vector) => bad.includes(vector.name))) {
  test(`${name} closes the connection; what came before it still counts, what comes after it does not`, async () => {
    const {
      conn,
      network: { socket },
    } = startOpenConnection();
    const [before, after] = [new PrimProxy(conn).nop(), new PrimProxy(conn).nop()];
    const closed = new Promise((resolve) => conn.on("close", resolve));
    deliver(socket, answerTo({ sequence: 1 }), fromHex(hex), answerTo({ sequence: 2 }));
    await before;
    await assert.rejects(after, failure(RpcConsts.RPCERROR_CONNECTION_LOST));
    assert.equal((await closed).code, 1006);
    assert.ok(socket.closedWith);
  });
}

test("compressed packets are inflated, and nothing overtakes them", async () => {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  const prx = new PrimProxy(conn);
  const order = [];
  const results = ["x".repeat(5000), "b", "c", "d"].map((value) => prx.echo_string(value));
  results.forEach((result, index) => result.then(() => order.push(index)));
  const answers = sentTo(socket).map((call) => answerTo(call, { params: call.params }));
  deliver(socket, compressed(answers[0]), answers[1]);
  deliver(socket, compressed(answers[2]));
  deliver(socket, answers[3]);
  const [long] = await Promise.all(results);
  assert.deepEqual([long.length, order], [5000, [0, 1, 2, 3]]);
});

test("what is being inflated when the connection goes is not heard", async () => {
  const { conn, network } = startOpenConnection();
  const result = new PrimProxy(conn).nop();
  deliver(network.socket, compressed(answerTo({ sequence: 1 })), packetOf({ calltype: CALL, sequence: 5 }));
  network.socket.hangUp(1006);
  await assert.rejects(result, failure(RpcConsts.RPCERROR_CONNECTION_LOST));
  const next = new PrimProxy(conn).nop();
  network.socket.accept();
  deliver(network.socket, compressed(answerTo(sentTo(network.socket)[0])));
  await next;
  assert.equal(network.socket.sent.length, 1);
});

test("where nothing can inflate a compressed packet closes the connection", async (t) => {
  const { DecompressionStream } = globalThis;
  t.after(() => Object.assign(globalThis, { DecompressionStream }));
  globalThis.DecompressionStream = undefined;
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  const result = new PrimProxy(conn).nop();
  deliver(socket, compressed(answerTo({ sequence: 1 })));
  await assert.rejects(result, failure(RpcConsts.RPCERROR_CONNECTION_LOST, "compressed"));
});

test("what is inflated to more than a packet takes is an error of its own call", async () => {
  const { conn, network, reported } = startOpenConnection({ maxPacketBytes: 10_010 });
  const prx = new PrimProxy(conn);
  const [bomb, long, other] = [prx.nop(), prx.echo_string("a"), prx.echo_string("b")];
  const bytes = (length) => new Uint8Array(length - 21);
  const answers = [
    compressed(packetOf({ sequence: 1, params: bytes(2_000_000) })),
    compressed(packetOf({ sequence: 2, params: bytes(10_001) })),
    packetOf({ sequence: 3, params: text("b") }),
  ];
  deliver(network.socket, ...answers);
  await assert.rejects(bomb, failure(RpcConsts.RPCERROR_UNSERIALIZE_FAILED, "more than 10000"));
  await assert.rejects(long, failure(RpcConsts.RPCERROR_UNSERIALIZE_FAILED, "more than 10000"));
  assert.deepEqual([await other, conn.state, reported.length], ["b", OPEN, 2]);
});

test("a call that is inflated to more than a packet takes is answered with an error, unless it is one-way", async () => {
  const { network, reported } = startOpenConnection({ maxPacketBytes: 10_010 });
  const calls = [CALL, CALL | ONEWAY].map((calltype, index) =>
    compressed(packetOf({ calltype, sequence: 70 + index, ifidx: 5, params: new Uint8Array(10_000) })),
  );
  deliver(network.socket, ...calls, packetOf({ calltype: CALL, sequence: 80, ifidx: 5 }));
  while (network.socket.sent.length < 2) await turn();
  const answers = sentTo(network.socket).map(({ sequence, errcode, calltype, ifidx }) => [sequence, errcode, calltype, ifidx]);
  const { RPCERROR_UNSERIALIZE_FAILED, RPCERROR_INTERFACE_NOTFOUND } = RpcConsts;
  assert.deepEqual(answers, [[70, RPCERROR_UNSERIALIZE_FAILED, RETURN, 5], [80, RPCERROR_INTERFACE_NOTFOUND, RETURN, 5]]);
  assert.equal(reported.length, 2);
});

// Proxies.

test("a proxy can be made with a connection of its own, or on that of another one", () => {
  const { network, clock } = startConnection();
  const prx = PrimProxy.create("ws://elsewhere/", { WebSocket: network.WebSocket, clock });
  const other = TerminalProxy.createWithProxy(prx);
  other.onMessage_oneway("x");
  assert.deepEqual([other.conn === prx.conn, network.socket.url], [true, "ws://elsewhere/"]);
  assert.ok(other instanceof TerminalProxy);
});

test("two connections know nothing of each other", async () => {
  const [one, other] = [startOpenConnection(), startOpenConnection()];
  const results = [new PrimProxy(one.conn).echo_string("a"), new PrimProxy(other.conn).echo_string("b")];
  deliver(other.network.socket, packetOf({ sequence: 1, calltype: RETURN, params: text("b") }));
  deliver(one.network.socket, packetOf({ sequence: 1, calltype: RETURN, params: text("a") }));
  assert.deepEqual(await Promise.all(results), ["a", "b"]);
  assert.equal(messagesOf(one.network.socket.sent[0])[0].sequence, 1);
});
