/**
 * The page's subscriptions to services: hands snapshots and updates on, in order and without a gap.
 *
 * Decides which update may be handed on. Updates behind a gap are not: the answer to the request that mends it has them.
 * When a topic is asked for is decided in subscription_list.js.
 */

/** @import { RTClient } from "./rt_client.js" */
/** @import { Clock } from "./clock.js" */
/** @import { RTError } from "./rt_error.js" */
/** @import { Message } from "./request_table.js" */
/** @import { Subscription } from "./subscription_list.js" */
import { toJson } from "./json.js";
import { Position } from "./position.js";
import { SubscriptionList } from "./subscription_list.js";
import { LONGEST, WireNames } from "./wire_names.js";

/** @typedef {{seq: number}} TopicInfo `seq` is the number of the update, or of the last one that a snapshot holds. */
/**
 * @typedef {object} TopicListener What is called with what comes; the rest is settings.
 * @property {(data: any, info: TopicInfo) => void} [onSnapshot] the whole state: at first, and where updates were missed
 * @property {(update: any, info: TopicInfo) => void} [onUpdate] one change of the state, each once and in order
 * @property {(row: any, info: TopicInfo) => void} [onCorrected] a part of the state that belongs before the newest one, as it
 *   is now: of `quotes`, a row whose label is older than the last one's
 * @property {(fields: any, info: TopicInfo) => void} [onFields] what there is beside the updates, as it is after them: of
 *   `quotes`, the newest bid, ask and so on. At first the snapshot has it
 * @property {(error: RTError) => void} [onError] the request is refused, or the subscription is over. After "rate_limited"
 *   it is asked for again by itself, after others on the next connection. Default: a warning on the console
 * @property {number | null} [maxRate] updates come together, so many times a second at most; null: at once
 */
/**
 * @typedef {object} TopicMessage The data of a `topic` message.
 * @property {"snapshot" | "update" | "unsubscribe"} op
 * @property {string | number} topic_id
 * @property {string} epoch
 * @property {number} seq
 * @property {number} [prev_seq]
 * @property {any} [data]
 * @property {any[]} [updates]
 * @property {any[]} [corrected] come before the updates, and have no numbers
 * @property {any} [fields] as they are after the updates, where they have changed
 */

export class Topic {
  #position = new Position();
  #hasSnapshot = false;
  #isWaiting = true;
  #listener;
  #report;

  /**
   * @param {TopicListener} listener
   * @param {(error: unknown) => void} report gets what a listener throws
   */
  constructor(listener, report) {
    this.#listener = listener;
    this.#report = report;
  }

  /** True while updates are missing, until they or a snapshot have come. */
  get hasGap() {
    return this.#position.hasGap;
  }

  /** @returns {{epoch: string | undefined, seq: number} | null} the last update that came, to be asked for what follows */
  onRequested() {
    this.#isWaiting = true;
    return this.#hasSnapshot ? { epoch: this.#position.epoch, seq: this.#position.seq } : null;
  }

  /**
   * @param {TopicMessage} message
   * @param {boolean} isAnswer
   * @returns {boolean} whether it counts: what comes of an earlier request does not
   */
  onMessage(message, isAnswer) {
    if (message.op === "snapshot") this.#load(message);
    else if (message.op === "update" && (isAnswer || !this.#isWaiting)) this.#append(message, isAnswer);
    else return false;
    return true;
  }

  /** The request was refused: what comes of the one before it counts again. */
  onError() {
    this.#isWaiting = !this.#hasSnapshot;
  }

  /** @param {TopicMessage} message */
  #load(message) {
    this.#isWaiting = false;
    this.#hasSnapshot = true;
    this.#position.load(message);
    this.#call(this.#listener.onSnapshot, message.data, message.seq);
  }

  /**
   * @param {TopicMessage} message
   * @param {boolean} isAnswer
   */
  #append(message, isAnswer) {
    const { seq, updates = [], corrected = [], fields } = message;
    if (isAnswer) this.#isWaiting = this.#position.hasGap = false;
    if (this.#position.hasGap) return;
    if (!this.#position.isFollowedBy(message)) {
      this.#position.hasGap = true;
      return;
    }
    this.#position.advance(message);
    for (const row of corrected) this.#call(this.#listener.onCorrected, row, message.prev_seq ?? seq);
    // Updates that others have replaced are left out before the last ones.
    updates.forEach((update, index) => this.#call(this.#listener.onUpdate, update, seq - updates.length + index + 1));
    if (fields !== undefined) this.#call(this.#listener.onFields, fields, seq);
  }

  /**
   * @param {((data: any, info: TopicInfo) => void) | undefined} listener
   * @param {any} data
   * @param {number} seq
   */
  #call(listener, data, seq) {
    try {
      listener?.(data, { seq });
    } catch (error) {
      this.#report(error);
    }
  }
}

export class Topics {
  #client;
  #names = new WireNames("topic");
  #subscriptions;
  #warn;
  /** @type {WeakMap<Subscription, Topic>} */
  #topics = new WeakMap();

  /**
   * @param {RTClient} client
   * @param {Clock} clock
   * @param {(text: string) => void} [warn] gets the refusal of a topic without an `onError`
   */
  constructor(client, clock, warn = (text) => console.warn(text)) {
    this.#client = client;
    this.#warn = warn;
    this.#subscriptions = new SubscriptionList(client, clock, this.#names);
    client.on("topic", (data, message) => this.#onMessage(data, message));
  }

  /**
   * @param {string} service
   * @param {any} request
   * @param {TopicListener} listener
   * @returns {() => void} ends it
   */
  subscribe(service, request, listener) {
    const topic = new Topic(listener, (error) => console.error(error));
    const max_rate = listener.maxRate ?? undefined;
    const subscription = this.#subscriptions.add(nameOf(service, request), {
      mayAsk: () => true,
      ask: (topic_id, requestId) => {
        const after = topic.onRequested() ?? undefined;
        this.#client.send("topic", { op: "subscribe", topic_id, service, request, max_rate, after }, requestId);
      },
      giveUp: (topic_id) => void this.#client.send("topic", { op: "unsubscribe", topic_id }),
      onError: (error) => {
        topic.onError();
        if (listener.onError) listener.onError(error);
        else this.#warn(`rtserver: ${service} was refused, ${error.code}: ${error.message}`);
      },
    });
    this.#topics.set(subscription, topic);
    subscription.ask();
    return () => this.#remove(subscription);
  }

  /**
   * @param {string} service
   * @param {any} request
   * @param {{timeoutMs?: number}} [options]
   * @returns {Promise<any>} the state, once
   */
  async snapshot(service, request, options) {
    const topic_id = this.#names.take(nameOf(service, request));
    try {
      const { data } = await this.#client.request("topic", { op: "subscribe", topic_id, service, request }, options);
      return data;
    } finally {
      this.#client.send("topic", { op: "unsubscribe", topic_id });
      this.#names.release(topic_id);
    }
  }

  /** @param {Subscription} subscription */
  #remove(subscription) {
    if (this.#topics.delete(subscription)) this.#subscriptions.remove(subscription);
  }

  /**
   * @param {TopicMessage} data
   * @param {Message} message
   */
  #onMessage(data, message) {
    const subscription = this.#subscriptions.find(data?.topic_id, message);
    const topic = subscription && this.#topics.get(subscription);
    if (subscription === undefined || topic === undefined) return;
    if (topic.onMessage(data, message.id !== undefined) && topic.hasGap) subscription.mend();
  }
}

/**
 * @param {string} service
 * @param {any} request
 * @returns {string} equal for pages that ask for the same: the server sends such pages the same bytes
 */
function nameOf(service, request) {
  return [...`${service} ${toJson(request ?? null)}`].slice(0, LONGEST).join("");
}
