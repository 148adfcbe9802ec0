/** What can be called, as generated code describes it: where on the wire, with which types. */

/** @import { Type } from "./type.js" */
import { ByteReader } from "./byte_reader.js";
import { ByteWriter } from "./byte_writer.js";
import { fitting } from "./error.js";
import { nothing } from "./type.js";

/** @template [R=any] what it returns */
export class Operation {
  /**
   * @param {string} fullName module.Interface.operation
   * @param {object} definition
   * @param {number} definition.ifidx
   * @param {number} definition.opidx
   * @param {Type<any, any>[]} definition.params
   * @param {Type<R, any>} definition.result
   * @param {string} [definition.method] what it is called in JavaScript, where that is not its own name
   */
  constructor(fullName, { ifidx, opidx, params, result, method }) {
    const dot = fullName.lastIndexOf(".");
    this.fullName = fullName;
    this.interfaceName = fullName.slice(0, dot);
    this.method = method ?? fullName.slice(dot + 1);
    this.ifidx = ifidx;
    this.opidx = opidx;
    this.params = params;
    this.result = result;
    Object.freeze(this);
  }

  get isVoid() {
    return this.result === nothing;
  }

  /**
   * @param {unknown[]} args
   * @returns {Uint8Array}
   * @throws {import("./error.js").RpcException} RPCERROR_DATADIRTY: a value that is not of its type
   */
  writeParams(args) {
    return this.#written((writer) => this.params.forEach((type, index) => type.write(writer, args[index])));
  }

  /**
   * @param {Uint8Array} bytes
   * @returns {any[]}
   * @throws {import("./error.js").DecodeError}
   */
  readParams(bytes) {
    const reader = new ByteReader(bytes);
    const args = this.params.map((type) => type.read(reader));
    reader.end();
    return args;
  }

  /**
   * @param {unknown} value
   * @returns {Uint8Array}
   * @throws {import("./error.js").RpcException} RPCERROR_DATADIRTY: a value that is not of its type
   */
  writeResult(value) {
    return this.#written((writer) => this.result.write(writer, value));
  }

  /**
   * @param {Uint8Array} bytes
   * @returns {R}
   * @throws {import("./error.js").DecodeError}
   */
  readResult(bytes) {
    const reader = new ByteReader(bytes);
    const value = this.result.read(reader);
    reader.end();
    return value;
  }

  /** @param {(writer: ByteWriter) => void} write */
  #written(write) {
    const writer = new ByteWriter();
    fitting(this.fullName, () => write(writer));
    return writer.toBytes();
  }
}
