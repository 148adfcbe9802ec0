/** The bytes of the original implementations: read to their values, and written again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RpcAdapter } from "../../site/static/js/rtc/tce.js";
import { ByteReader } from "../../site/static/js/rtc/tce/byte_reader.js";
import { ByteWriter } from "../../site/static/js/rtc/tce/byte_writer.js";
import { inflate } from "../../site/static/js/rtc/tce/inflate.js";
import { decodeMessage, encodeMessage } from "../../site/static/js/rtc/tce/message.js";
import { buildPacket, MAX_PACKET_BYTES, PacketReader } from "../../site/static/js/rtc/tce/packet.js";
import * as vec from "./generated/vec.js";
import { fromHex, joined, toHex } from "./tce_harness.mjs";
import { asVector, piecesOf, typeOf, vectors } from "./tce_vectors.mjs";

const good = vectors.filter(({ negative }) => !negative);
const adapter = new RpcAdapter().addServant(new vec.Prim()).addServant(new vec.Cont()).addServant(new vec.Terminal());

async function bodiesOf(pieces) {
  const reader = new PacketReader();
  const bodies = [];
  for (const piece of pieces) {
    reader.feed(piece);
    for (let packet = reader.next(); packet !== null; packet = reader.next()) {
      const { isCompressed, body } = packet;
      bodies.push(isCompressed ? await inflate(body, MAX_PACKET_BYTES, DecompressionStream) : body);
    }
  }
  return bodies;
}

async function bodiesOfVector(vector) {
  return vector.transport === "mq-body" ? [fromHex(vector.hex)] : bodiesOf(piecesOf(vector));
}

/** A message in the form that the vectors have. */
function asRpc({ sequence, calltype, ifidx, opidx, errcode, paramsize, callId, extraBytes, params }) {
  const extra = Object.fromEntries(extraBytes.map(([key, value]) => [keyAsVector(key), textAsVector(value)]));
  return {
    sequence,
    calltype,
    ifidx,
    opidx,
    errcode,
    paramsize,
    call_id: callId,
    extra,
    paramstream_hex: toHex(params),
  };
}

function keyAsVector(bytes) {
  const text = textAsVector(bytes);
  return typeof text === "string" ? text : `hex:${text.hex}`;
}

function textAsVector(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { hex: toHex(bytes) };
  }
}

function read(types, bytes) {
  const reader = new ByteReader(bytes);
  const values = types.map((name) => typeOf(name).read(reader));
  reader.end();
  return values;
}

function write(types, values) {
  const writer = new ByteWriter();
  types.forEach((name, index) => typeOf(name).write(writer, values[index]));
  return writer.toBytes();
}

test("all vectors are there", () => {
  assert.deepEqual([vectors.length, good.length], [214, 204]);
});

for (const vector of good) {
  test(`${vector.name}: the messages`, async () => {
    const bodies = await bodiesOfVector(vector);
    const expected = (vector.decoded_packets ?? [vector.decoded]).map(({ rpc }) => rpc);
    assert.equal(bodies.length, expected.length);
    bodies.forEach((body, index) => {
      const message = decodeMessage(body);
      const { type, calltype_flags: flags, ...fields } = expected[index];
      assert.deepEqual([type, asRpc(message)], [1, fields]);
      assert.equal(toHex(encodeMessage(message)), toHex(body), flags);
    });
  });

  if (vector.transport === "mq-body") continue;
  test(`${vector.name}: cut anywhere it is the same`, async () => {
    const bytes = fromHex(vector.hex);
    const whole = (await bodiesOf([bytes])).map(toHex);
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    assert.deepEqual((await bodiesOf(single)).map(toHex), whole);
    const doubled = await bodiesOf([joined([bytes, bytes])]);
    assert.deepEqual(doubled.map(toHex), [...whole, ...whole]);
  });

  test(`${vector.name}: our packet differs in nothing but the version`, async () => {
    const [first] = await bodiesOfVector(vector);
    const packet = buildPacket(first);
    const isOurs = !vector.decoded?.envelope.compress && vector.decoded_packets === undefined;
    if (isOurs) packet.set(fromHex(vector.hex).subarray(10, 14), 10);
    assert.equal(toHex(packet) === vector.hex, isOurs);
  });
}

for (const { name, decoded, idl_types: types, values, must_reproduce: mustReproduce } of good.filter((v) => v.values)) {
  test(`${name}: the values`, () => {
    const bytes = fromHex(decoded.rpc.paramstream_hex);
    const trailing = good.find((vector) => vector.name === name).undecoded_trailing_bytes;
    if (trailing) return assert.throws(() => read(types, bytes), { message: `${trailing} bytes left over` });
    const found = read(types, bytes);
    assert.deepEqual(found.map(asVector), values);
    if (mustReproduce) assert.equal(toHex(write(types, found)), decoded.rpc.paramstream_hex);
    return undefined;
  });
}

const calls = good.filter(
  ({ name, decoded }) => /^(java|python|derived)\..*call/.test(name) && decoded?.rpc.calltype & 1,
);
for (const { name, decoded, values, undecoded_trailing_bytes: trailing } of calls.filter((vector) => vector.values)) {
  test(`${name}: a servant of the generated module finds its parameters`, () => {
    const { operation } = adapter.find(decoded.rpc);
    const bytes = fromHex(decoded.rpc.paramstream_hex);
    if (trailing) return assert.throws(() => operation.readParams(bytes), { name: "RPCERROR_UNSERIALIZE_FAILED" });
    assert.deepEqual(operation.readParams(bytes).map(asVector), values);
    assert.equal(operation.params.length, values.length);
    return undefined;
  });
}

test("a zero character in two bytes is one character", () => {
  const { decoded, idl_types: types } = good.find(({ name }) => name === "js.call.echo_string(nul)");
  assert.deepEqual(read(types, fromHex(decoded.rpc.paramstream_hex)), ["a\0b"]);
});

const corrupt = good.filter(({ decode_error: error, produced_by: by }) => error && by === "original-python");
for (const { name, decoded, idl_types: types } of corrupt) {
  test(`${name}: what nobody can repair is refused`, () => {
    const bytes = fromHex(decoded.rpc.paramstream_hex);
    assert.throws(() => read(types, bytes), { name: "RPCERROR_UNSERIALIZE_FAILED" });
  });
}
