/** Calls in the other direction: what a servant in the page answers, and what the server is told when it cannot. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nothing, Operation, RpcAdapter, RpcException, Servant } from "../../site/static/js/rtc/tce.js";
import { Cont, Prim, Terminal, TerminalProxy } from "./generated/vec.js";
import {
  CALL,
  deliver,
  fromHex,
  messagesOf,
  ONEWAY,
  packetOf,
  sentTo,
  startOpenConnection,
  text,
  toHex,
  turn,
} from "./tce_harness.mjs";
import { vectors } from "./tce_vectors.mjs";

const TERMINAL = 2;
const [ON_MESSAGE, ASK] = [0, 1];

/** An open connection whose adapter has these servants. */
function serve(...servants) {
  const adapter = new RpcAdapter("test");
  for (const servant of servants) adapter.addServant(servant);
  const parts = startOpenConnection();
  parts.conn.attachAdapter(adapter);
  return { ...parts, adapter, socket: parts.network.socket };
}

async function answersTo({ socket }, ...calls) {
  const before = socket.sent.length;
  deliver(socket, ...calls.map((call) => (call instanceof Uint8Array ? call : packetOf({ calltype: CALL, ...call }))));
  await turn();
  return sentTo(socket)
    .slice(before)
    .map(({ extraBytes, params, ...answer }) => ({ ...answer, params: toHex(params) }));
}

function answer(fields) {
  const numbers = { sequence: 0, calltype: 2, ifidx: 0, opidx: 0, errcode: 0, paramsize: 0, callId: 0 };
  return { ...numbers, extra: {}, params: "", ...fields };
}

class Page extends Terminal {
  seen = [];

  onMessage(message, ctx) {
    this.seen.push([message, { ...ctx.msg.extra }]);
  }

  async ask(question) {
    await null;
    return `${question}!`;
  }
}

test("a servant answers, plain or async; a void one answers without a value", async () => {
  const page = new Page();
  const parts = serve(page);
  const calls = [
    { sequence: 7, ifidx: TERMINAL, opidx: ON_MESSAGE, params: text("hi"), extra: { k: "v" } },
    { sequence: 8, ifidx: TERMINAL, opidx: ASK, params: text("who") },
  ];
  assert.deepEqual(await answersTo(parts, ...calls), [
    answer({ sequence: 7, ifidx: TERMINAL, extra: { k: "v" } }),
    answer({ sequence: 8, ifidx: TERMINAL, paramsize: 1, params: toHex(Uint8Array.from(text("who!"))) }),
  ]);
  assert.deepEqual([page.seen, parts.reported], [[["hi", { k: "v" }]], []]);
});

for (const calltype of [0x01, 0x11, 0x41]) {
  test(`call type ${calltype} wants an answer`, async () => {
    const calls = [{ calltype, sequence: 1, ifidx: TERMINAL, opidx: ON_MESSAGE, params: text("x") }];
    assert.equal((await answersTo(serve(new Page()), ...calls)).length, 1);
  });
}

test("an answer returns sequence, interface, call id and extra as they came, but no token", async () => {
  const extra = { __user_id__: "7", __mq_return__: "q", __token__: "secret", note: "\u00e9" };
  const call = { sequence: 0xffffffff, ifidx: TERMINAL, opidx: ASK, callId: 0x8000, params: text("x"), extra };
  const [{ sequence, ifidx, opidx, callId, extra: echoed }] = await answersTo(serve(new Page()), call);
  assert.deepEqual([sequence, ifidx, opidx, callId], [0xffffffff, TERMINAL, 0, 0x8000]);
  assert.deepEqual(echoed, { __user_id__: "7", __mq_return__: "q", note: "\u00e9" });
});

test("extra that is not even UTF-8 is returned byte for byte", async () => {
  const parts = serve(new Page());
  const bytes = Uint8Array.of(0x63, 0xe9, 0xff);
  deliver(parts.socket, packetOf({ calltype: CALL, ifidx: TERMINAL, params: text("x"), extraBytes: [[bytes, bytes]] }));
  await turn();
  const [{ extraBytes }] = messagesOf(parts.socket.sent[0]);
  assert.deepEqual(extraBytes, [[bytes, bytes]]);
});

test("extra with the names of what objects have is nothing special", async () => {
  const page = new Page();
  const parts = serve(page);
  const extraBytes = ["__proto__", "constructor"].map((key) => [new TextEncoder().encode(key), Uint8Array.of(120)]);
  deliver(
    parts.socket,
    packetOf({ calltype: CALL, ifidx: TERMINAL, opidx: ON_MESSAGE, params: text("x"), extraBytes }),
  );
  await turn();
  assert.deepEqual(Object.keys(page.seen[0][1]), ["__proto__", "constructor"]);
  assert.equal(Object.getPrototypeOf({}).x, undefined);
});

// What goes wrong.

test("an unknown interface and an unknown operation are answered with 4, to the way back", async () => {
  const extra = { __user_id__: "9" };
  const calls = [
    { sequence: 1, ifidx: 99, callId: 5, extra },
    { sequence: 2, ifidx: TERMINAL, opidx: 99, extra },
  ];
  assert.deepEqual(await answersTo(serve(new Page()), ...calls), [
    answer({ sequence: 1, ifidx: 99, callId: 5, errcode: 4, extra }),
    answer({ sequence: 2, ifidx: TERMINAL, errcode: 4, extra }),
  ]);
});

test("without an adapter, and after it was taken away, nothing is known", async () => {
  const parts = serve(new Page());
  parts.conn.detachAdapter();
  const [{ errcode }] = await answersTo(parts, { ifidx: TERMINAL, opidx: ON_MESSAGE, params: text("x") });
  assert.equal(errcode, 4);
});

for (const [what, params] of [
  ["cut off", [0, 0, 0, 9, 1]],
  ["too long", [...text("x"), 0]],
  ["missing", []],
]) {
  test(`parameters that are ${what} are answered with 5, and the servant hears nothing`, async () => {
    const page = new Page();
    const parts = serve(page);
    const calls = [{ sequence: 1, ifidx: TERMINAL, opidx: ON_MESSAGE, params }];
    assert.deepEqual(await answersTo(parts, ...calls), [answer({ sequence: 1, ifidx: TERMINAL, errcode: 5 })]);
    assert.deepEqual([page.seen, parts.reported.length], [[], 1]);
  });
}

for (const name of ["negative.short_struct_param", "negative.short_int_param"]) {
  test(`${name} is answered with 5`, async () => {
    const { hex } = vectors.find((vector) => vector.name === name);
    const [{ errcode }] = await answersTo(serve(new Prim(), new Cont()), fromHex(hex));
    assert.equal(errcode, 5);
  });
}

test("a servant that throws, or returns what the IDL does not say, is answered with 6 and no word", async () => {
  const errors = [new Error("secret"), new RpcException(4, "secret")];
  class Broken extends Terminal {
    onMessage() {
      throw errors[0];
    }

    async ask(question) {
      if (question === "reject") throw errors[1];
      return 5;
    }
  }
  const parts = serve(new Broken());
  const calls = [
    { sequence: 1, ifidx: TERMINAL, opidx: ON_MESSAGE, params: text("x") },
    { sequence: 2, ifidx: TERMINAL, opidx: ASK, params: text("reject") },
    { sequence: 3, ifidx: TERMINAL, opidx: ASK, params: text("x") },
  ];
  const answers = await answersTo(parts, ...calls);
  assert.deepEqual(
    new Set(answers),
    new Set([1, 2, 3].map((sequence) => answer({ sequence, ifidx: TERMINAL, errcode: 6 }))),
  );
  assert.deepEqual(new Set(parts.reported.slice(0, 2)), new Set(errors));
  assert.match(parts.reported[2].message, /vec\.Terminal\.ask/);
});

test("a one-way call is never answered, whatever happens", async () => {
  const page = new Page();
  const parts = serve(page);
  const oneWay = { calltype: CALL | ONEWAY, ifidx: TERMINAL };
  const calls = [
    { ...oneWay, opidx: ON_MESSAGE, params: text("x") },
    { ...oneWay, opidx: ON_MESSAGE, params: [1] },
    { ...oneWay, opidx: 99 },
    { ...oneWay, opidx: ASK, params: text("x") },
  ];
  assert.deepEqual(await answersTo(parts, ...calls), []);
  assert.deepEqual(page.seen, [["x", {}]]);
});

test("a result that no peer would take for its size is answered with 6", async () => {
  class Talkative extends Terminal {
    ask() {
      return "x".repeat(1 << 20);
    }
  }
  const parts = serve(new Talkative());
  const answers = await answersTo(parts, { sequence: 1, ifidx: TERMINAL, opidx: ASK, params: text("x") });
  assert.deepEqual(answers, [answer({ sequence: 1, ifidx: TERMINAL, errcode: 6 })]);
  assert.deepEqual(
    parts.reported.map(({ errcode }) => errcode),
    [1],
  );
});

// Connections.

test("an answer goes on the connection on which the call came, or nowhere", async () => {
  const waiting = [];
  class Slow extends Terminal {
    ask() {
      return new Promise((resolve) => waiting.push(resolve));
    }
  }
  const { conn, network, socket } = serve(new Slow());
  deliver(socket, packetOf({ calltype: CALL, ifidx: TERMINAL, opidx: ASK, params: text("x") }));
  await turn();
  socket.hangUp(1006);
  conn.connect();
  network.socket.accept();
  waiting[0]("late");
  await turn();
  assert.deepEqual([network.sockets.length, socket.sent, network.socket.sent], [2, [], []]);
});

test("a servant calls back on the connection on which it was called", async () => {
  class Curious extends Terminal {
    async onMessage(_message, ctx) {
      this.answer = await new TerminalProxy(ctx.conn).ask("who?");
    }
  }
  const curious = new Curious();
  const parts = serve(curious);
  await answersTo(parts, { sequence: 40, ifidx: TERMINAL, opidx: ON_MESSAGE, params: text("x") });
  const [{ sequence, opidx }] = sentTo(parts.socket);
  assert.equal(opidx, ASK);
  const answers = await answersTo(parts, packetOf({ sequence, params: text("me") }));
  assert.deepEqual([curious.answer, answers], ["me", [answer({ sequence: 40, ifidx: TERMINAL })]]);
});

test("calls of both directions may have one sequence number", async () => {
  const parts = serve(new Page());
  const mine = new TerminalProxy(parts.conn).ask("mine");
  const [theirs] = await answersTo(parts, { sequence: 1, ifidx: TERMINAL, opidx: ASK, params: text("theirs") });
  assert.equal(theirs.sequence, 1);
  deliver(parts.socket, packetOf({ sequence: 1, params: text("yours") }));
  assert.equal(await mine, "yours");
});

test("an answer that is the first packet of a connection says who this is", async () => {
  const parts = serve(new Page());
  parts.conn.setToken("secret");
  const call = { sequence: 1, ifidx: TERMINAL, opidx: ON_MESSAGE, params: text("x"), extra: { k: "v" } };
  const answers = await answersTo(parts, call, call);
  assert.deepEqual(
    answers.map(({ extra }) => extra),
    [{ __token__: "secret", k: "v" }, { k: "v" }],
  );
});

// Adapters.

test("one adapter serves several connections, and a servant several interfaces", async () => {
  const adapter = new RpcAdapter().addServant(new Page()).addServant(new Prim());
  const connections = [startOpenConnection(), startOpenConnection()];
  for (const {
    conn,
    network: { socket },
  } of connections) {
    conn.attachAdapter(adapter);
    const [{ errcode }] = await answersTo({ socket }, { ifidx: 7, opidx: 8 });
    assert.equal(errcode, 0);
  }
});

test("a later servant of an interface takes the place of an earlier one", async () => {
  const pages = [new Page(), new Page()];
  await answersTo(serve(...pages), { ifidx: TERMINAL, opidx: ON_MESSAGE, params: text("x") });
  assert.deepEqual(
    pages.map(({ seen }) => seen.length),
    [0, 1],
  );
});

test("two interfaces of one index cannot be served together, and nothing of the second one is", () => {
  const taking = (fullName, opidx) => new Operation(fullName, { ifidx: TERMINAL, opidx, params: [], result: nothing });
  class Other extends Servant {
    static OPERATIONS = [taking("other.Interface.op", 9)];
  }
  const adapter = new RpcAdapter().addServant(new Terminal());
  assert.throws(() => adapter.addServant(new Other()), /other\.Interface has index 2, and so has vec\.Terminal/);
  assert.equal(adapter.find({ ifidx: TERMINAL, opidx: 9 }), undefined);
});

test("a servant that overrides nothing returns what is empty", async () => {
  const parts = serve(new Prim(), new Cont(), new Terminal());
  const empty = [
    { ifidx: 7, opidx: 4, params: [0, 0, 0, 0, 0, 0, 0, 1] },
    { ifidx: TERMINAL, opidx: ASK, params: text("x") },
    { ifidx: 1, opidx: 10, params: [0, 0, 0, 0] },
    { ifidx: 1, opidx: 15, params: [0, 0, 0, 0, 0, 0, 0, 1] },
  ];
  const answers = await answersTo(parts, ...empty);
  assert.deepEqual(answers.map(({ params }) => params).sort(), [
    "00000000",
    "00000000",
    "0000000000000000",
    "0000000000000000",
  ]);
});

test("a servant of no generated class serves nothing", () => {
  const adapter = new RpcAdapter().addServant(new Servant());
  assert.equal(adapter.find({ ifidx: TERMINAL, opidx: ASK }), undefined);
});
