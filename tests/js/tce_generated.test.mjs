/** What is generated for names that are hard to say in JavaScript, for bases, and for modules that need each other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RpcAdapter, Servant } from "../../site/static/js/rtc/tce.js";
import * as names from "./generated/names.js";
import * as parts from "./generated/parts.js";
import * as roots from "./generated/roots.js";
import { CALL, deliver, packetOf, sentTo, startOpenConnection, text, toHex, turn } from "./tce_harness.mjs";

/** The connection, and a call of its proxy as [interface, operation, parameters]. */
function callsOf(Type) {
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  const sent = () => sentTo(socket).map(({ ifidx, opidx, params }) => [ifidx, opidx, toHex(params)]);
  return { prx: new Type(conn), socket, sent };
}

test("names that JavaScript needs itself get a trailing underscore, as many as keep them apart", () => {
  const expected = [
    "Base",
    "BaseProxy",
    "Color",
    "Far",
    "FarProxy",
    "Loud",
    "LoudProxy",
    "LoudProxyProxy",
    "LoudProxy_",
  ];
  assert.deepEqual(Object.keys(names), [...expected, "Map_", "Partial_", "Promise_", "SilentProxy", "class_"]);
  const members = ["for__", "for_", "constructor_", "toString_", "__proto___", "thing"];
  assert.deepEqual(Object.keys(new names.Map_()), members);
});

test("a struct is empty unless it is told", () => {
  assert.deepEqual(
    { ...new names.Map_() },
    {
      for__: "",
      for_: "",
      constructor_: 0,
      toString_: 0n,
      __proto___: 0,
      thing: new parts.Thing(),
    },
  );
  const color = new names.Color({ Point: new parts.Point({ y: 5 }) });
  assert.deepEqual([color.Point.x, color.Point.y, color.Partial], [0, 5, new Uint8Array()]);
  assert.notEqual(new names.Color().Partial, new names.Color().Partial);
});

test("parameters of such names are what they are on the wire", () => {
  const { prx, sent } = callsOf(names.BaseProxy);
  prx.paint({ Point: { x: 1, y: 2 }, Partial: [9] }, 3, 4, 5).catch(() => {});
  prx.conn_oneway("a", "b");
  assert.deepEqual(sent(), [
    [20, 0, "0000000100000002" + "0000000109" + "000000030000000400000005"],
    [20, 1, "0000000161" + "0000000162"],
  ]);
});

test("a derived proxy calls what it inherits by the base's index", async () => {
  const { prx, sent, socket } = callsOf(names.LoudProxy_);
  const result = prx.then_();
  prx.constructor_oneway();
  prx.shout("x").catch(() => {});
  prx.shout_async().catch(() => {});
  assert.deepEqual(sent(), [
    [20, 2, ""],
    [21, 0, ""],
    [22, 0, "0000000178"],
    [22, 1, ""],
  ]);
  deliver(socket, packetOf({ sequence: 1, params: text("inherited") }));
  assert.equal(await result, "inherited");
});

test("a proxy whose base is in another module inherits it, too", () => {
  const { prx, sent } = callsOf(names.FarProxy);
  prx.root().catch(() => {});
  prx.far_oneway();
  assert.ok(prx instanceof roots.RootProxy);
  assert.deepEqual(sent(), [
    [41, 0, ""],
    [24, 0, ""],
  ]);
});

test("an operation of the name that another one's variant would have is the operation", () => {
  const { prx } = callsOf(names.LoudProxy_);
  assert.equal(typeof prx.shout_async_async, "function");
  assert.equal(prx.shout_async.length, 1);
});

test("a derived servant serves what it inherits, past a base without a servant", async () => {
  class Mine extends names.Loud {
    then_() {
      return "base";
    }

    shout(what) {
      return `${what}!`;
    }
  }
  const {
    conn,
    network: { socket },
  } = startOpenConnection();
  conn.attachAdapter(new RpcAdapter().addServant(new Mine()));
  const calls = [
    { ifidx: 20, opidx: 2 },
    { ifidx: 21, opidx: 0 },
    { ifidx: 22, opidx: 0, params: text("x") },
  ];
  deliver(socket, ...calls.map((call, sequence) => packetOf({ calltype: CALL, sequence, ...call })));
  await turn();
  const answers = sentTo(socket).sort((one, other) => one.sequence - other.sequence);
  const expected = [
    [20, 0, Uint8Array.from(text("base"))],
    [21, 4, new Uint8Array()],
    [22, 0, Uint8Array.from(text("x!"))],
  ];
  assert.deepEqual(
    answers.map(({ ifidx, errcode, params }) => [ifidx, errcode, params]),
    expected,
  );
});

test("skeleton_js=false leaves the servant out, and nothing else", () => {
  assert.equal(names.Silent, undefined);
  assert.equal(typeof names.SilentProxy, "function");
  assert.equal(Object.getPrototypeOf(names.Loud), names.Base);
  assert.equal(Object.getPrototypeOf(names.Base), Servant);
});

test("types of modules that need each other are found when they are used", async () => {
  const { prx, socket, sent } = callsOf(parts.BoxProxy);
  const result = prx.open(new names.Color(), [new parts.Deep({ name: "a" })]);
  assert.deepEqual(sent(), [[31, 0, "00000000".repeat(3) + "00000001" + "0000000161"]]);
  deliver(socket, packetOf({ sequence: 1, params: [0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 2, 8, 9] }));
  assert.deepEqual(await result, new Map([[7, Uint8Array.of(8, 9)]]));
});

test("a servant's methods have their defaults and are callable as they are", () => {
  assert.deepEqual(new names.Base().paint(), new names.Color());
  assert.deepEqual(
    [new names.LoudProxy().find(), new parts.Box().open(), new roots.Root().root()],
    [[], new Map(), ""],
  );
});
