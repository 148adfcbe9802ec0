/** The stream of packets, and what compressed ones hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { PacketError } from "../../site/static/js/rtc/tce.js";
import { inflate } from "../../site/static/js/rtc/tce/inflate.js";
import { buildPacket, fitsPacket, PacketReader } from "../../site/static/js/rtc/tce/packet.js";
import { joined, randomFrom, toHex } from "./tce_harness.mjs";

/** A stream that refuses what follows its end, as Chromium's does and Node's does not. */
class StrictStream extends TransformStream {
  constructor() {
    const pieces = [];
    super({
      transform: (piece) => pieces.push(piece),
      flush(controller) {
        const bytes = joined(pieces);
        const { buffer, engine } = zlib.inflateSync(bytes, { info: true });
        if (engine.bytesWritten < bytes.length) throw new TypeError("junk after the end");
        controller.enqueue(new Uint8Array(buffer));
      },
    });
  }
}

function read(reader) {
  const bodies = [];
  for (let packet = reader.next(); packet !== null; packet = reader.next()) bodies.push(toHex(packet.body));
  return bodies;
}

function sized(size) {
  const packet = buildPacket(new Uint8Array(1));
  new DataView(packet.buffer).setUint32(4, size);
  return packet.subarray(0, 14);
}

test("packets of any size come out as they went in, however they are cut", () => {
  const random = randomFrom(1);
  const bodies = Array.from({ length: 300 }, () => new Uint8Array(1 + random() ** 4 * 5000).map(() => random() * 256));
  const stream = joined(bodies.map(buildPacket));
  const reader = new PacketReader();
  const found = [];
  for (let at = 0; at < stream.length;) {
    const length = Math.floor(random() ** 3 * 3000);
    reader.feed(stream.subarray(at, at + length));
    found.push(...read(reader));
    at += length;
  }
  assert.deepEqual(found, bodies.map(toHex));
});

test("a body is a copy of its own", () => {
  const bytes = buildPacket(Uint8Array.of(1));
  const reader = new PacketReader();
  reader.feed(bytes);
  const { body } = reader.next();
  reader.feed(buildPacket(Uint8Array.of(2)));
  bytes.fill(0);
  assert.deepEqual([[...body], body.buffer.byteLength], [[1], 1]);
});

test("a packet is refused at its header, before its body comes", () => {
  for (const [size, isTaken] of [
    [10, false],
    [11, true],
    [1000, true],
    [1001, false],
    [0xffffffff, false],
  ]) {
    const reader = new PacketReader(1000);
    reader.feed(sized(size));
    if (isTaken) assert.equal(reader.next(), null);
    else assert.throws(() => reader.next(), PacketError);
  }
});

test("what fits a packet is what its reader takes", () => {
  for (const length of [989, 990, 991]) {
    const body = new Uint8Array(length);
    const reader = new PacketReader(1000);
    reader.feed(buildPacket(body));
    if (fitsPacket(body, 1000)) assert.equal(reader.next().body.length, length);
    else assert.throws(() => reader.next(), PacketError);
  }
});

test("the magic is looked at when the header is complete, and not before", () => {
  const reader = new PacketReader();
  reader.feed(new Uint8Array(13));
  assert.equal(reader.next(), null);
  reader.feed(new Uint8Array(1));
  assert.throws(() => reader.next(), PacketError);
});

for (const [name, Stream] of [
  ["Node's", DecompressionStream],
  ["Chromium's strictness", StrictStream],
]) {
  test(`padded with any zeros a body is inflated with ${name}`, async () => {
    for (const level of [1, 9]) {
      for (const padding of [0, 1, 3, 500]) {
        const bytes = joined([zlib.deflateSync(Buffer.alloc(2000, "abc"), { level }), new Uint8Array(padding)]);
        assert.equal(toHex(await inflate(bytes, 2000, Stream)), toHex(Buffer.alloc(2000, "abc")));
      }
    }
  });

  test(`a stream that ends in zeros of its own is told from its padding with ${name}`, async () => {
    // The sum of these bytes makes a checksum whose last byte, or the last two, are zeros.
    for (const body of [[255], [...new Array(256).fill(255), 240]]) {
      const stream = zlib.deflateSync(Uint8Array.from(body));
      assert.equal(stream.at(-1), 0);
      const bytes = joined([stream, new Uint8Array(9)]);
      assert.deepEqual([...(await inflate(bytes, 1000, Stream))], body);
    }
  });

  test(`what is cut off or no zlib is refused with ${name}`, async () => {
    const whole = zlib.deflateSync(Buffer.from("some text that is long enough to be cut"));
    const flipped = Uint8Array.from(whole, (byte, index) => (index === whole.length - 1 ? byte ^ 1 : byte));
    const bad = [new Uint8Array(), new Uint8Array(20), whole.subarray(0, -1), flipped, Buffer.from("hello")];
    for (const bytes of bad) await assert.rejects(inflate(bytes, 1000, Stream), PacketError);
  });
}

test("inflating stops at the limit", async () => {
  const bytes = zlib.deflateSync(Buffer.alloc(1001));
  await assert.rejects(inflate(bytes, 1000, DecompressionStream), /more than 1000/);
  assert.equal((await inflate(bytes, 1001, DecompressionStream)).length, 1001);
});
