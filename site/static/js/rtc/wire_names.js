/**
 * The names that the subscriptions of one client have on the wire: no two of them the same, whoever asks for them.
 *
 * The server knows one chart of a name on a connection. Two MyCharts of one client, on a page of several parts, may
 * each have a chart "main": the first keeps the name, the other one's gets a suffix. So a page with one MyCharts sees
 * its own names everywhere.
 */

/** @import { RTClient } from "./rt_client.js" */

/** @type {WeakMap<RTClient, WireNames>} a client that is given up takes its names with it */
const NAMES = new WeakMap();

export class WireNames {
  /** @type {Set<string | number>} */
  #taken = new Set();
  #requests = 0;
  #kind;

  /** @param {string} kind begins the ids of requests, which differ from those of other kinds */
  constructor(kind) {
    this.#kind = kind;
  }

  /**
   * @param {RTClient} client
   * @returns {WireNames} those of the client's charts, the same for all who ask
   */
  static of(client) {
    const names = NAMES.get(client) ?? new WireNames("chart");
    NAMES.set(client, names);
    return names;
  }

  /**
   * @param {string | number} wish such as the page's name of a chart; 7 and "7" are two
   * @returns {string | number} its name on the wire, until `release`
   */
  take(wish) {
    const name = this.#free(wish);
    this.#taken.add(name);
    return name;
  }

  /** @param {string | number} name that `take` gave */
  release(name) {
    this.#taken.delete(name);
  }

  /** @returns {string} the id of a request, which its answer or error has, too */
  nextRequest() {
    return `${this.#kind}-${(this.#requests += 1)}`;
  }

  /** @param {string | number} wish */
  #free(wish) {
    if (!this.#taken.has(wish)) return wish;
    let number = 2;
    while (this.#taken.has(suffixed(wish, number))) number += 1;
    return suffixed(wish, number);
  }
}

/** The server takes names of at most 128 characters. */
export const LONGEST = 128;

/**
 * @param {string | number} wish
 * @param {number} number
 */
function suffixed(wish, number) {
  const suffix = `~${number}`;
  return [...String(wish)].slice(0, LONGEST - suffix.length).join("") + suffix;
}
