/**
 * Subscriptions of one client: asks for each once per connection, and again after a gap, a lag, or a refusal for now.
 *
 * Decides which of them a message belongs to, and which the server knows of. What is asked for and what an answer means
 * is its owner's business: my_charts.js for charts, topics.js for the topics of services.
 */

/** @import { RTClient, UserInfo } from "./rt_client.js" */
/** @import { Clock } from "./clock.js" */
/** @import { RTError } from "./rt_error.js" */
/** @import { Message } from "./request_table.js" */
/** @import { WireNames } from "./wire_names.js" */
import { State } from "./reconnecting_socket.js";
import { SnapshotRefresh } from "./snapshot_refresh.js";

/**
 * @typedef {object} Asking How one subscription is asked for.
 * @property {() => boolean} mayAsk whether it is wanted now; one that rests is not
 * @property {(name: string | number, requestId: string) => void} ask
 * @property {(name: string | number) => void} giveUp
 * @property {(error: RTError) => void} onError the server's answer to the request: it is refused, or over
 */

export class Subscription {
  /** @type {string} marks the server's answers to it, and its error */
  requestId = "";
  /** @type {UserInfo | null} the connection that the request last went out on; null while it is given up */
  #askedOn = null;
  #client;
  #names;
  #asking;

  /**
   * @param {string | number} name on the wire
   * @param {Asking} asking
   * @param {{client: RTClient, clock: Clock, names: WireNames, isLagging: boolean}} parts
   */
  constructor(name, asking, { client, clock, names, isLagging }) {
    this.name = name;
    this.#asking = asking;
    this.#client = client;
    this.#names = names;
    this.refresh = new SnapshotRefresh(clock, () => this.#askAgain(), isLagging);
  }

  /** Whether the server knows it on this connection. */
  get isAsked() {
    return this.#askedOn !== null && this.#askedOn === this.#client.userinfo;
  }

  /** Once per connection, however often it is called; not before the server's first word on it, and not while it rests. */
  ask() {
    if (this.#client.userinfo === null || this.isAsked || !this.#asking.mayAsk()) return;
    this.refresh.cancel();
    this.#askedOn = this.#client.userinfo;
    this.requestId = this.#names.nextRequest();
    this.#asking.ask(this.name, this.requestId);
  }

  /** Tell the server, if it knows of it, that nothing more is wanted for now. */
  giveUp() {
    this.refresh.cancel();
    if (this.isAsked) this.#asking.giveUp(this.name);
    this.#askedOn = null;
    this.requestId = ""; // what the server still says to the request is of no interest
  }

  /** Something is missing: have it asked for again. */
  mend() {
    if (this.isAsked) this.refresh.want();
  }

  /** @param {RTError} error */
  onError(error) {
    // Many tabs that come back at once may ask for more than one user may have in a second.
    if (error.code === "rate_limited") this.refresh.retry();
    this.#asking.onError(error);
  }

  /** The server puts the new request in the place of the one that it knows. */
  #askAgain() {
    this.#askedOn = null;
    this.ask();
  }
}

export class SubscriptionList {
  #client;
  #clock;
  #names;
  #isLagging = false;
  /** @type {Map<string | number, Subscription>} by their names on the wire */
  #named = new Map();
  /** @type {(() => void)[]} end what listens to the client */
  #ends;

  /**
   * @param {RTClient} client
   * @param {Clock} clock
   * @param {WireNames} names
   */
  constructor(client, clock, names) {
    this.#client = client;
    this.#clock = clock;
    this.#names = names;
    this.#ends = [
      client.on("userinfo", () => this.#onUserInfo()),
      client.on("notice", (data) => this.#onNotice(data)),
      client.on("error", (error, message) => this.#onError(error, message)),
      client.on("state", (state) => this.#onState(state)),
    ];
  }

  /**
   * @param {string | number} wish the name on the wire, where it is free
   * @param {Asking} asking
   * @returns {Subscription} that is not asked for yet
   */
  add(wish, asking) {
    const name = this.#names.take(wish);
    const parts = { client: this.#client, clock: this.#clock, names: this.#names, isLagging: this.#isLagging };
    const subscription = new Subscription(name, asking, parts);
    this.#named.set(name, subscription);
    return subscription;
  }

  /** @param {Subscription} subscription to be given up for good */
  remove(subscription) {
    this.#named.delete(subscription.name);
    subscription.giveUp();
    this.#names.release(subscription.name);
  }

  /**
   * @param {string | number} name on the wire
   * @param {Message} [message] an answer has the id of the request that it answers
   * @returns {Subscription | undefined} whose message it is; a late one, of a request before, is nobody's
   */
  find(name, message) {
    const subscription = this.#named.get(name);
    if (subscription === undefined) return undefined;
    return (message?.id ?? subscription.requestId) === subscription.requestId ? subscription : undefined;
  }

  /** Ask for all that are wanted and not asked for. */
  askForAll() {
    for (const subscription of this.#named.values()) subscription.ask();
  }

  /** Listen to the client no more. */
  dispose() {
    for (const end of this.#ends) end();
  }

  #onUserInfo() {
    this.#setLagging(false); // the connection before this one may have lagged
    this.askForAll();
  }

  /** @param {{code?: string, lagging?: boolean} | null} data */
  #onNotice(data) {
    if (data?.code === "lag") this.#setLagging(Boolean(data.lagging));
  }

  /** @param {boolean} isLagging */
  #setLagging(isLagging) {
    this.#isLagging = isLagging;
    for (const { refresh } of this.#named.values()) {
      if (isLagging) refresh.hold();
      else refresh.release();
    }
  }

  /**
   * @param {RTError} error
   * @param {Message} [message]
   */
  #onError(error, message) {
    if (message?.id === undefined) return;
    for (const subscription of this.#named.values()) {
      if (subscription.requestId === message.id) subscription.onError(error);
    }
  }

  /**
   * While the client is closed nothing outside refers to it, so that a page may just forget it.
   * @param {string} state
   */
  #onState(state) {
    if (state !== State.CLOSED) return;
    for (const { refresh } of this.#named.values()) refresh.cancel();
  }
}
