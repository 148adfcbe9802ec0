/** Events by name. Knows nothing about who emits and what it means. */

/** @typedef {(...args: any[]) => void} Listener */

export class Emitter {
  /** @type {Map<string, {listener: Listener}[]>} An array is never changed, so that `emit` may walk it as it is. */
  #entries = new Map();
  #report;

  /** @param {(error: unknown) => void} [report] gets what a listener throws */
  constructor(report = (error) => console.error(error)) {
    this.#report = report;
  }

  /**
   * Call `listener` for every `event` from now on.
   * @param {string} event
   * @param {Listener} listener
   * @returns {() => void} ends it
   */
  on(event, listener) {
    const entry = { listener };
    this.#entries.set(event, [...this.#of(event), entry]);
    return () => this.#remove(event, entry);
  }

  /**
   * Call the listeners in the order they came. One that throws is reported and does not stop the others.
   * @param {string} event
   * @param {...any} args
   */
  emit(event, ...args) {
    for (const { listener } of this.#of(event)) {
      try {
        listener(...args);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  /** @param {string} event @returns {boolean} whether anybody listens */
  has(event) {
    return this.#entries.has(event);
  }

  /** End all listeners. */
  clear() {
    this.#entries.clear();
  }

  /** @param {string} event */
  #of(event) {
    return this.#entries.get(event) ?? [];
  }

  /**
   * @param {string} event
   * @param {{listener: Listener}} entry
   */
  #remove(event, entry) {
    const rest = this.#of(event).filter((other) => other !== entry);
    if (rest.length > 0) this.#entries.set(event, rest);
    else this.#entries.delete(event);
  }
}
