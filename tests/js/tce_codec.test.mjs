/** Values and bytes: there and back for every type of the IDL; bytes that are cut, too long or foreign are refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as tce from "../../site/static/js/rtc/tce.js";
import { ByteReader } from "../../site/static/js/rtc/tce/byte_reader.js";
import { ByteWriter } from "../../site/static/js/rtc/tce/byte_writer.js";
import { decodeText, encodeText } from "../../site/static/js/rtc/tce/utf8.js";
import * as vec from "./generated/vec.js";
import { fromHex, randomFrom, toHex } from "./tce_harness.mjs";

const random = randomFrom(20151120);
const below = (limit) => Math.floor(random() * limit);
const pick = (values) => values[below(values.length)];
const many = (make) => Array.from({ length: below(4) }, make);
const list = (make) => () => many(make);
const map = (makeKey, makeValue) => () => new Map(many(() => [makeKey(), makeValue()]));

const CHARACTERS = [
  "a",
  "\0",
  "\u007f",
  "\u0080",
  "\u07ff",
  "\u0800",
  "\ufeff",
  "\uffff",
  "\u{10000}",
  "\u{1f600}",
  "\u{10ffff}",
];

const make = {
  byte: () => pick([0, 1, 127, 128, 255]),
  bool: () => random() < 0.5,
  short: () => pick([0, -1, -32768, 32767, below(1000)]),
  int: () => pick([0, -1, -(2 ** 31), 2 ** 31 - 1, below(1e9)]),
  long: () => pick([0n, -1n, -(2n ** 63n), 2n ** 63n - 1n, BigInt(below(1e9)) ** 2n]),
  float: () => pick([0, -0, NaN, Infinity, -Infinity, 3.5, Math.fround(random()), 1.401298464324817e-45]),
  double: () => pick([0, -0, NaN, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, random()]),
  string: () => many(() => pick(CHARACTERS)).join(""),
  bytes: () => Uint8Array.from(many(() => below(256))),
};
const { byte, bool, short, int, long, float, double, string, bytes } = make;
const strings = map(string, string);
const point = () => new vec.Point({ x: int(), y: int() });
const person = () => {
  const home = point();
  return new vec.Person({ name: string(), home, tags: many(string), props: strings(), photo: bytes() });
};

const GENERATORS = {
  byte,
  bool,
  short,
  int,
  long,
  float,
  double,
  string,
  bytes,
  Bytes_t: bytes,
  BoolList_t: list(bool),
  ShortList_t: list(short),
  IntList_t: list(int),
  LongList_t: list(long),
  FloatList_t: list(float),
  DoubleList_t: list(double),
  StrList_t: list(string),
  IntListList_t: list(list(int)),
  BytesList_t: list(bytes),
  StrStr_t: strings,
  IntStr_t: map(int, string),
  StrInt_t: map(string, int),
  StrBytes_t: map(string, bytes),
  StrIntList_t: map(string, list(int)),
  PointList_t: list(point),
  Point: point,
  All: () =>
    new vec.All({ b: byte(), f: bool(), s: short(), i: int(), l: long(), g: float(), dbl: double(), t: string() }),
  Person: person,
  PersonList_t: list(person),
  StrPoint_t: map(string, point),
  StrStrList_t: list(strings),
};

function typeOf(name) {
  return name in vec ? vec[name] : tce[name];
}

function write(type, value) {
  const writer = new ByteWriter();
  type.write(writer, value);
  return writer.toBytes();
}

function read(type, encoded) {
  const reader = new ByteReader(encoded);
  const value = type.read(reader);
  reader.end();
  return value;
}

test("every type of the vectors' module is among these", () => {
  const isType = ([, value]) => typeof value.read === "function";
  const names = Object.entries(vec)
    .filter(isType)
    .map(([name]) => name);
  assert.deepEqual(
    names.filter((name) => !(name in GENERATORS)),
    [],
  );
});

for (const [name, generate] of Object.entries(GENERATORS)) {
  test(`${name}: what was written is read, no part of it is, nor more`, () => {
    const type = typeOf(name);
    for (let round = 0; round < 60; round += 1) {
      const value = generate();
      const encoded = write(type, value);
      assert.deepEqual(read(type, encoded), value);
      assert.ok(encoded.length >= type.minBytes);
      for (let length = 0; length < encoded.length; length += 1) {
        assert.throws(() => read(type, encoded.subarray(0, length)), tce.DecodeError);
      }
      assert.throws(() => read(type, Uint8Array.of(...encoded, 0)), tce.DecodeError);
    }
  });

  test(`${name}: foreign bytes are read or refused, quickly`, () => {
    const type = typeOf(name);
    for (let round = 0; round < 400; round += 1) {
      // Small lengths and counts, so that it comes to the values behind them.
      const foreign = Uint8Array.from({ length: below(60) }, () => (random() < 0.7 ? below(3) : below(256)));
      try {
        type.read(new ByteReader(foreign));
      } catch (error) {
        if (!(error instanceof tce.DecodeError)) throw error;
      }
    }
  });
}

for (const [name, least] of [
  ["BoolList_t", 1],
  ["PersonList_t", 24],
  ["StrPoint_t", 12],
  ["IntListList_t", 4],
  ["StrStrList_t", 4],
]) {
  test(`${name}: a count that the bytes cannot hold is refused before anything is made`, () => {
    const rest = 10 * least;
    const announced = (count) =>
      Uint8Array.of(...new Uint8Array(new Uint32Array([count]).buffer).reverse(), ...new Uint8Array(rest));
    assert.throws(() => read(typeOf(name), announced(0xffffffff)), /4294967295 elements announced/);
    assert.throws(() => read(typeOf(name), announced(11)), /11 elements announced/);
    assert.doesNotThrow(() => typeOf(name).read(new ByteReader(announced(name.startsWith("Str") ? 1 : 10))));
  });
}

test("any byte but 0 is true", () => {
  assert.deepEqual(
    [0, 1, 2, 255].map((each) => read(tce.bool, Uint8Array.of(each))),
    [false, true, true, true],
  );
});

test("a key that comes twice has its last value", () => {
  const encoded = Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 97, 0, 0, 0, 1, 0, 0, 0, 1, 98);
  assert.deepEqual(read(vec.IntStr_t, encoded), new Map([[1, "b"]]));
});

test("what is read keeps no hold of the packet", () => {
  const packet = new Uint8Array(1000);
  packet.set([0, 0, 0, 2, 7, 8]);
  const value = vec.Bytes_t.read(new ByteReader(packet));
  packet.fill(0);
  assert.deepEqual([value, value.buffer.byteLength], [Uint8Array.of(7, 8), 2]);
});

test("bytes can be given in three ways, longs in two, dictionaries of texts in two", () => {
  const forms = [Uint8Array.of(1, 2), [1, 2], Uint8Array.of(1, 2).buffer];
  for (const form of forms) assert.equal(toHex(write(vec.Bytes_t, form)), "000000020102");
  for (const form of [5n, 5]) assert.equal(toHex(write(tce.long, form)), "0000000000000005");
  for (const form of [new Map([["a", 1]]), { a: 1 }])
    assert.equal(toHex(write(vec.StrInt_t, form)), "00000001000000016100000001");
});

test("a value in another place that is no value of its type is refused, and not turned into one", () => {
  const cases = [
    [tce.byte, -1],
    [tce.byte, 256],
    [tce.byte, 1.5],
    [tce.short, 32768],
    [tce.int, 2 ** 31],
    [tce.int, NaN],
    [tce.long, 2 ** 53],
    [tce.long, -(2n ** 63n) - 1n],
    [tce.long, "1"],
    [tce.float, "1"],
    [tce.double, undefined],
    [tce.bool, 0],
    [tce.string, null],
    [vec.IntList_t, { length: 1 }],
    [vec.StrStr_t, null],
    [vec.Bytes_t, [300]],
    [vec.Point, null],
    [vec.Point, { x: 1 }],
  ];
  for (const [type, value] of cases) {
    assert.throws(
      () => write(type, value),
      (error) => error instanceof TypeError || error instanceof RangeError,
    );
  }
});

// Texts.

test("every character is written as UTF-8 and read again", () => {
  for (let code = 0; code <= 0x10ffff; code += code < 0x900 || (code > 0xd7f0 && code < 0xe010) ? 1 : 97) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    assert.equal(decodeText(encodeText(character)), character);
  }
});

for (const [what, hex, expected] of [
  ["halves of a pair in three bytes each", "61eda0bdedb88062", "a\u{1f600}b"],
  ["the first and the last such pair", "eda080edb080edafbfedbfbf", "\u{10000}\u{10ffff}"],
  ["a zero in two bytes", "61c08062", "a\0b"],
  [
    "a pair and proper characters beside bytes that are none",
    "e4b8adeda0bdedb880fff09f9880",
    "\u4e2d\u{1f600}\ufffd\u{1f600}",
  ],
  ["a byte order mark", "efbbbf61", "\ufeffa"],
  ["a byte order mark beside bytes that are none", "efbbbfff", "\ufeff\ufffd"],
]) {
  test(`${what} is read as meant`, () => assert.equal(decodeText(fromHex(hex)), expected));
}

for (const [what, hex] of [
  ["half a pair", "eda0bd"],
  ["the second half alone", "edb880"],
  ["two first halves", "eda0bdeda0bd"],
  ["a pair cut off", "eda0bdedb8"],
  ["Latin-1", "636166e9"],
  ["a character cut off", "e4b8"],
  ["another overlong zero", "e08080"],
  ["c0 at the end", "c0"],
]) {
  test(`${what} becomes U+FFFD, and the rest stays`, () => {
    const found = decodeText(fromHex(`61${hex}62`));
    assert.match(found, /^a.*\ufffd+b$/u);
  });
}

test("half a pair in a text is refused, a whole one and U+FFFD are not", () => {
  for (const text of ["a\ud83db", "\ude00", "\ude00\ud83d", "😀\ud83d"]) {
    assert.throws(() => encodeText(text), /RangeError: string: half a surrogate pair at/);
  }
  assert.equal(toHex(encodeText("😀\ufffd")), "f09f9880efbfbd");
});

test("a float that only its rounding would make infinite is refused; infinities and the largest float are not", () => {
  const largest = 3.4028234663852886e38;
  for (const value of [largest, -largest, 3.40282356e38, Infinity, -Infinity]) new ByteWriter().float(value);
  for (const value of [1e39, -1e39, Number.MAX_VALUE, 3.4028236e38]) {
    assert.throws(() => new ByteWriter().float(value), RangeError);
  }
});

test("any bytes at all can be read as a text", () => {
  for (let round = 0; round < 3000; round += 1) {
    const foreign = Uint8Array.from({ length: below(12) }, () =>
      pick([0xed, 0xa0, 0xb0, 0xbf, 0x80, 0xc0, 0x61, below(256)]),
    );
    const found = decodeText(foreign);
    assert.equal(decodeText(encodeText(found)), found);
  }
});
