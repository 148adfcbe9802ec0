/**
 * State of a chart that is no quote's: what a service's topic, or a module of the server, says it shows.
 *
 * Its data are whatever the two agree on. It draws nothing and sends nothing.
 */

/** @import { RTError } from "./rt_error.js" */
import { Emitter } from "./emitter.js";

/**
 * @typedef {object} OwnRequest A chart that is no quote's.
 * @property {string | number} chart_id
 * @property {string} kind that was registered
 * @property {string} [service] whose topic the data are; without one a module of the server sends them, whom the page asks
 * @property {any} [request] to the service
 * @property {number | null} [max_rate] updates a second, at most
 * @property {(data: any, update: any) => any} [merge] the state after an update; default: an update is the whole state
 */

export class OwnChart {
  /** @type {any} the newest state; undefined before the first one */
  data;
  #merge;
  #events = new Emitter();

  /**
   * @param {string | number} chart_id
   * @param {string} kind
   * @param {(data: any, update: any) => any} [merge] the state after an update; default: an update is the whole state
   */
  constructor(chart_id, kind, merge = (_, update) => update) {
    this.chart_id = chart_id;
    this.kind = kind;
    this.#merge = merge;
  }

  /** True from the first data on. */
  get hasData() {
    return this.data !== undefined;
  }

  /**
   * Listen: "data" brings `data`, each time that it is another one; "error" an RTError.
   * @param {"data" | "error"} event
   * @param {import("./emitter.js").Listener} listener
   * @returns {() => void} ends it
   */
  on(event, listener) {
    return this.#events.on(event, listener);
  }

  /** @param {any} data the whole state */
  onSnapshot(data) {
    this.data = data;
    this.#events.emit("data", data);
  }

  /** @param {any} update one change */
  onUpdate(update) {
    this.onSnapshot(this.#merge(this.data, update));
  }

  /**
   * @param {RTError} error
   * @returns {boolean} whether anybody listens
   */
  onError(error) {
    this.#events.emit("error", error);
    return this.#events.has("error");
  }
}
