/**
 * The names that the charts of one client have on the wire: no two of them the same, whoever asks for them.
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

  /**
   * @param {RTClient} client
   * @returns {WireNames} the same for all who ask
   */
  static of(client) {
    const names = NAMES.get(client) ?? new WireNames();
    NAMES.set(client, names);
    return names;
  }

  /**
   * @param {string | number} chart_id the page's name of a chart; 7 and "7" are two
   * @returns {string | number} its name on the wire, until `release`
   */
  take(chart_id) {
    const name = this.#free(chart_id);
    this.#taken.add(name);
    return name;
  }

  /** @param {string | number} name that `take` gave */
  release(name) {
    this.#taken.delete(name);
  }

  /** @returns {string} the id of a request, which its answer or error has, too */
  nextRequest() {
    return `chart-${(this.#requests += 1)}`;
  }

  /** @param {string | number} chart_id */
  #free(chart_id) {
    if (!this.#taken.has(chart_id)) return chart_id;
    let number = 2;
    while (this.#taken.has(suffixed(chart_id, number))) number += 1;
    return suffixed(chart_id, number);
  }
}

/** The server takes names of at most 128 characters. */
const LONGEST = 128;

/**
 * @param {string | number} chart_id
 * @param {number} number
 */
function suffixed(chart_id, number) {
  const suffix = `~${number}`;
  return [...String(chart_id)].slice(0, LONGEST - suffix.length).join("") + suffix;
}
