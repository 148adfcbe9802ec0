/** How the chart of a quote is asked for: once per connection, again after a gap, in other rates, and for older rows. */

/** @import { Chart, Label } from "./chart.js" */
/** @import { Page } from "./older_pages.js" */
/** @import { RTClient } from "./rt_client.js" */
/** @import { SubscriptionList } from "./subscription_list.js" */

/** A page may have to be fetched from a database. */
const PAGE_TIMEOUT_MS = 30_000;

export class QuoteFeed {
  #client;
  #subscriptions;
  #toWire;
  #isStatic;

  /**
   * @param {Chart} chart
   * @param {object} parts
   * @param {RTClient} parts.client
   * @param {SubscriptionList} parts.subscriptions
   * @param {() => boolean} parts.mayAsk
   * @param {(name: string | number) => object} parts.toWire the request as it is sent, for the chart's name on the wire
   * @param {(text: string) => void} parts.warn
   */
  constructor(chart, { client, subscriptions, mayAsk, toWire, warn }) {
    this.#client = client;
    this.#subscriptions = subscriptions;
    this.#toWire = toWire;
    this.#isStatic = chart.request.update === "static";
    this.subscription = subscriptions.add(chart.chart_id, {
      mayAsk,
      ask: (name, requestId) => {
        chart.onRequested();
        client.send("mycharts", toWire(name), requestId);
      },
      giveUp: (name) => void client.send("mycharts", { type: "unlisten", chart_id: name }),
      onError: (error) => {
        if (!chart.onError(error)) warn(`rtserver: chart ${JSON.stringify(chart.chart_id)} was refused, ${error.code}: ${error.message}`);
      },
    });
  }

  begin() {
    this.subscription.ask();
  }

  end() {
    this.subscription.giveUp();
  }

  dispose() {
    this.#subscriptions.remove(this.subscription);
  }

  /** @param {number | null} max_rate */
  setRate(max_rate) {
    const { name, isAsked } = this.subscription;
    if (isAsked) this.#client.send("mycharts", { type: "rate", chart_id: name, max_rate });
  }

  /**
   * @param {Label} before
   * @param {number} count
   * @returns {Promise<Page>} rejected with RTError
   */
  async askOlder(before, count) {
    const { name } = this.subscription;
    // A server forgets a picture that does not go on: what is before it is another such picture.
    const asked = this.#isStatic
      ? { ...this.#toWire(name), from: undefined, to: before, count }
      : { type: "more", chart_id: name, before, count };
    const { chart, older } = await this.#client.request("mycharts", asked, { timeoutMs: PAGE_TIMEOUT_MS });
    return { chart, older };
  }
}
