/** Who answers calls: servants with the methods of an interface, and the adapter that knows them by their numbers. */

/** @import { Operation } from "./operation.js" */

/** The base of generated servants. Each has its interface's own operations; it inherits those of a base. */
export class Servant {
  /** @type {readonly Operation[]} */
  static OPERATIONS = [];
}

/** @typedef {{servant: Servant, operation: Operation}} Target */

/** Servants by the interfaces and operations that they serve, for one connection or for several. */
export class RpcAdapter {
  /** @type {Map<string, Target>} */
  #targets = new Map();
  /** @type {Map<number, string>} The interface that has an index. */
  #interfaces = new Map();

  /** @param {string} [id] for logs */
  constructor(id = "") {
    this.id = id;
  }

  /**
   * @param {Servant} servant serves its interface and that one's bases from now on, instead of an earlier servant
   * @returns {this}
   * @throws {Error} one of them has the index of another interface that is served already
   */
  addServant(servant) {
    const operations = operationsOf(servant);
    for (const operation of operations) this.#checkIndex(operation);
    for (const operation of operations) {
      this.#interfaces.set(operation.ifidx, operation.interfaceName);
      this.#targets.set(keyOf(operation), { servant, operation });
    }
    return this;
  }

  /** @param {Operation} operation */
  #checkIndex({ ifidx, interfaceName }) {
    const other = this.#interfaces.get(ifidx) ?? interfaceName;
    if (other !== interfaceName) throw new Error(`${interfaceName} has index ${ifidx}, and so has ${other}`);
  }

  /**
   * @param {{ifidx: number, opidx: number}} numbers as in a message
   * @returns {Target | undefined}
   */
  find(numbers) {
    return this.#targets.get(keyOf(numbers));
  }
}

/**
 * @param {Servant} servant
 * @returns {Operation[]} of all generated classes that it is made of
 */
function operationsOf(servant) {
  const operations = [];
  for (let type = servant.constructor; type !== Function.prototype; type = Object.getPrototypeOf(type)) {
    if (Object.hasOwn(type, "OPERATIONS")) operations.push(.../** @type {typeof Servant} */ (type).OPERATIONS);
  }
  return operations;
}

/** @param {{ifidx: number, opidx: number}} numbers */
function keyOf({ ifidx, opidx }) {
  return `${ifidx}.${opidx}`;
}
