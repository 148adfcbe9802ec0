/**
 * The requests that wait for their answer, by id.
 *
 * Every request ends: with its answer, an error answer, its timeout, or the loss of the connection.
 */

/** @import { Clock } from "./clock.js" */
import { RTError } from "./rt_error.js";

/** @typedef {{type: string, data?: any, id?: number | string, offset?: string}} Message One message of the JSON protocol. */
/** @typedef {{resolve: (data: any) => void, reject: (error: RTError) => void, timer: any}} Pending */

export class RequestTable {
  #clock;
  /** @type {Map<number | string, Pending>} */
  #pending = new Map();
  #lastId = 0;

  /** @param {Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** Number of requests that wait. */
  get size() {
    return this.#pending.size;
  }

  /**
   * @param {number} timeoutMs
   * @returns {{id: number, answer: Promise<any>}} the id to send; the promise of the answer's data, rejected with RTError
   */
  add(timeoutMs) {
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => this.#expire(id, timeoutMs), timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
    });
    return { id, answer };
  }

  /**
   * @param {Message} message
   * @returns {boolean} whether it was an answer that somebody waited for
   */
  settle({ type, data, id }) {
    const pending = id === undefined ? undefined : this.#take(id);
    if (pending === undefined) return false;
    if (type === "error") pending.reject(RTError.fromData(data));
    else pending.resolve(data);
    return true;
  }

  /**
   * End all that wait.
   * @param {RTError} error
   */
  rejectAll(error) {
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(error);
  }

  /** @param {number | string} id */
  #take(id) {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    this.#clock.clearTimeout(pending.timer);
    return pending;
  }

  /**
   * @param {number} id
   * @param {number} timeoutMs
   */
  #expire(id, timeoutMs) {
    this.#take(id)?.reject(new RTError("timeout", `no answer within ${timeoutMs} ms`));
  }
}
