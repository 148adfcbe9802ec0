/**
 * The calls of one connection that wait for their answer, by sequence number.
 *
 * Every call ends: with its result, an error, its timeout, or the loss of the connection.
 */

/** @import { Clock } from "../clock.js" */
/** @import { RpcMessage } from "./message.js" */
/** @import { Operation } from "./operation.js" */
import { RpcConsts, RpcException } from "./error.js";

/** Some peers read the number as a signed one. */
const LAST_SEQUENCE = 0x7fff0000;
/** A timer with a longer delay would be due at once. */
const LONGEST_TIMER_MS = 0x7fffffff;

/**
 * @typedef {object} Pending
 * @property {Operation} operation
 * @property {(value: any) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {any} timer
 * @property {number} deadline in the clock's milliseconds
 */

export class CallTable {
  #clock;
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #lastSequence = 0;

  /** @param {Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get size() {
    return this.#pending.size;
  }

  /** @returns {number} for the next call, and for none that still waits */
  nextSequence() {
    do {
      this.#lastSequence = this.#lastSequence < LAST_SEQUENCE ? this.#lastSequence + 1 : 1;
    } while (this.#pending.has(this.#lastSequence));
    return this.#lastSequence;
  }

  /**
   * @template R
   * @param {number} sequence from `nextSequence`
   * @param {Operation<R>} operation
   * @param {number} timeout seconds; Infinity for none
   * @param {() => void} [onTimeout] called when the call has ended with it
   * @returns {Promise<R>} rejected with RpcException
   */
  add(sequence, operation, timeout, onTimeout) {
    return new Promise((resolve, reject) => {
      const timer = this.#startTimer(sequence, timeout, onTimeout);
      const deadline = this.#clock.now() + timeout * 1000;
      this.#pending.set(sequence, { operation, resolve, reject, timer, deadline });
    });
  }

  /** How long the most patient call still waits, in milliseconds; -Infinity if there is none. */
  get leftMs() {
    return Math.max(...Array.from(this.#pending.values(), ({ deadline }) => deadline)) - this.#clock.now();
  }

  /** @param {RpcMessage} message an answer; one that nobody waits for is ignored */
  settle({ sequence, errcode, params }) {
    const pending = this.#take(sequence);
    if (pending === undefined) return;
    const { operation, resolve, reject } = pending;
    if (errcode !== RpcConsts.RPCERROR_SUCC) return reject(new RpcException(errcode, operation.fullName));
    try {
      resolve(operation.readResult(params));
    } catch (error) {
      reject(error);
    }
  }

  /**
   * End one that waits.
   * @param {number} sequence
   * @param {RpcException} error
   */
  fail(sequence, error) {
    this.#take(sequence)?.reject(error);
  }

  /**
   * End all that wait.
   * @param {RpcException} error
   */
  failAll(error) {
    for (const sequence of [...this.#pending.keys()]) this.fail(sequence, error);
  }

  /**
   * @param {number} sequence
   * @param {number} timeout
   * @param {() => void} [onTimeout]
   */
  #startTimer(sequence, timeout, onTimeout) {
    const delayMs = timeout * 1000;
    if (delayMs > LONGEST_TIMER_MS) return null;
    return this.#clock.setTimeout(() => {
      this.fail(sequence, new RpcException(RpcConsts.RPCERROR_TIMEOUT, `no answer within ${timeout} s`));
      onTimeout?.();
    }, delayMs);
  }

  /** @param {number} sequence */
  #take(sequence) {
    const pending = this.#pending.get(sequence);
    if (pending === undefined) return undefined;
    this.#pending.delete(sequence);
    this.#clock.clearTimeout(pending.timer);
    return pending;
  }
}
