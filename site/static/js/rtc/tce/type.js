/**
 * The types of the IDL as objects that generated code is made of: how to read a value, how to write one, and the least
 * that it can take. A generated struct is such an object, too: its class, with `read` and `write`.
 */

/** @import { ByteReader } from "./byte_reader.js" */
/** @import { ByteWriter } from "./byte_writer.js" */
import { entriesOf } from "./entries.js";

/**
 * @template T what is read
 * @template [Input=T] what may be written
 * @typedef {object} Type
 * @property {number} minBytes the fewest bytes of a value; bounds a count before anything is made
 * @property {(reader: ByteReader) => T} read
 * @property {(writer: ByteWriter, value: Input) => void} write
 */
/**
 * @template K
 * @template V
 * @typedef {Map<K, V> | (K extends string ? {[key: string]: V} : never)} Entries
 *   A dictionary to be written. Read, it is always a Map: the keys of a plain object are strings, 1 and "1" would be
 *   one key, `__proto__` would be none, and numbers would come first whatever the order on the wire.
 */

/** @type {Type<number>} 0 to 255. */
export const byte = type(1, (reader) => reader.byte(), (writer, value) => writer.byte(value));

/** @type {Type<boolean>} */
export const bool = type(1, (reader) => reader.bool(), (writer, value) => writer.bool(value));

/** @type {Type<number>} */
export const short = type(2, (reader) => reader.short(), (writer, value) => writer.short(value));

/** @type {Type<number>} */
export const int = type(4, (reader) => reader.int(), (writer, value) => writer.int(value));

/** @type {Type<bigint, bigint | number>} */
export const long = type(8, (reader) => reader.long(), (writer, value) => writer.long(value));

/** @type {Type<number>} */
export const float = type(4, (reader) => reader.float(), (writer, value) => writer.float(value));

/** @type {Type<number>} */
export const double = type(8, (reader) => reader.double(), (writer, value) => writer.double(value));

/** @type {Type<string>} */
export const string = type(4, (reader) => reader.string(), (writer, value) => writer.string(value));

/** @type {Type<void>} What a void operation returns: not a single byte. */
export const nothing = type(0, () => {}, () => {});

/** @type {Type<Uint8Array, Uint8Array | ArrayBuffer | number[]>} `sequence<byte>` */
export const bytes = type(4, (reader) => reader.bytes(), (writer, value) => {
  if (value instanceof Uint8Array) writer.bytes(value);
  else if (value instanceof ArrayBuffer) writer.bytes(new Uint8Array(value));
  else numbers.write(writer, value);
});

/**
 * @template T
 * @template [Input=T]
 * @param {Type<T, Input>} element
 * @returns {Type<T[], Input[]>}
 */
export function sequence(element) {
  return type(
    4,
    (reader) => repeat(reader.count(element.minBytes), () => element.read(reader)),
    (writer, values) => {
      if (!Array.isArray(values)) throw new TypeError("sequence: not an array");
      writer.unsignedInt(values.length);
      for (const each of values) element.write(writer, each);
    },
  );
}

/**
 * @template K
 * @template V
 * @template [KeyInput=K]
 * @template [ValueInput=V]
 * @param {Type<K, KeyInput>} key
 * @param {Type<V, ValueInput>} value
 * @returns {Type<Map<K, V>, Entries<KeyInput, ValueInput>>} a key that comes twice has its last value
 */
export function dictionary(key, value) {
  return type(
    4,
    (reader) => {
      const count = reader.count(key.minBytes + value.minBytes);
      return new Map(repeat(count, () => /** @type {[K, V]} */ ([key.read(reader), value.read(reader)])));
    },
    (writer, entries) => {
      const pairs = /** @type {[KeyInput, ValueInput][]} */ (entriesOf(entries));
      writer.unsignedInt(pairs.length);
      for (const [eachKey, eachValue] of pairs) {
        key.write(writer, eachKey);
        value.write(writer, eachValue);
      }
    },
  );
}

/** Bytes that were given one by one. */
const numbers = sequence(byte);

/**
 * A type that is made further down, or in a module that is loaded later: looked up when it is used.
 * @template T
 * @template [Input=T]
 * @param {number} minBytes
 * @param {() => Type<T, Input>} find
 * @returns {Type<T, Input>}
 */
export function later(minBytes, find) {
  return type(minBytes, (reader) => find().read(reader), (writer, value) => find().write(writer, value));
}

/**
 * @template T
 * @template [Input=T]
 * @param {number} minBytes
 * @param {(reader: ByteReader) => T} read
 * @param {(writer: ByteWriter, value: Input) => void} write
 * @returns {Type<T, Input>}
 */
function type(minBytes, read, write) {
  return Object.freeze({ minBytes, read, write });
}

/**
 * @template T
 * @param {number} count
 * @param {() => T} make
 * @returns {T[]}
 */
function repeat(count, make) {
  const made = [];
  for (let index = 0; index < count; index += 1) made.push(make());
  return made;
}
