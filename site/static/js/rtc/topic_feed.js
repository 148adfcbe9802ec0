/** How a chart of one's own gets its data: from a topic of a service, or from a module that the page asks by itself. */

/** @import { Feed } from "./chart_entry.js" */
/** @import { OwnChart } from "./own_chart.js" */
/** @import { RTClient } from "./rt_client.js" */

/** @type {Feed} A module sends when it likes: the page asks it, and tells it when nothing more is wanted. */
export const MODULE_FEED = Object.freeze({ begin: () => {}, end: () => {}, dispose: () => {} });

export class TopicFeed {
  #client;
  #topic;
  #listener;
  /** @type {(() => void) | null} ends the subscription; null while there is none */
  #end = null;

  /**
   * @param {OwnChart} chart
   * @param {{service: string, request?: any, max_rate?: number | null}} topic
   * @param {{client: RTClient, warn: (text: string) => void}} parts
   */
  constructor(chart, topic, { client, warn }) {
    this.#client = client;
    this.#topic = topic;
    this.#listener = {
      maxRate: topic.max_rate,
      onSnapshot: (/** @type {any} */ data) => chart.onSnapshot(data),
      onUpdate: (/** @type {any} */ update) => chart.onUpdate(update),
      onError: (/** @type {import("./rt_error.js").RTError} */ error) => {
        if (!chart.onError(error)) warn(`rtserver: chart ${JSON.stringify(chart.chart_id)} was refused, ${error.code}: ${error.message}`);
      },
    };
  }

  begin() {
    const { service, request } = this.#topic;
    this.#end ??= this.#client.subscribe(service, request, this.#listener);
  }

  end() {
    this.#end?.();
    this.#end = null;
  }

  dispose() {
    this.end();
  }
}
