/**
 * Who is present in a scope: a set of users, kept up to date by the topic `presence`.
 *
 * Decides when the set is whole. A long list comes in pages, which are asked for one after the other; what is said
 * meanwhile is held until they are there. Nothing depends on an update coming once: each says where a user is.
 */

/** @import { RTClient } from "./rt_client.js" */
/** @import { Clock } from "./clock.js" */
/** @import { RTError } from "./rt_error.js" */
import { SnapshotRefresh } from "./snapshot_refresh.js";

/**
 * @typedef {object} PresenceListener What is called with what comes; users are named by their ids, as text.
 * @property {(users: ReadonlySet<string>) => void} [onSync] the whole set has been read: at first, and again where something
 *   was missed
 * @property {(users: string[]) => void} [onJoin] who has joined since; not called before the first `onSync`
 * @property {(users: string[]) => void} [onLeave] who has left since
 * @property {(error: RTError) => void} [onError] as in `TopicListener`
 */
/** @typedef {{joins: string[], leaves: string[], count: number}} Difference */

/** The service that is subscribed to. */
const PRESENCE = "presence";

/** The users of a scope as they are known, and what came too early. Pure. */
export class PresenceSet {
  /** @type {Set<string>} */
  users = new Set();
  /** True from the first whole list on. */
  isSynced = false;
  /** @type {Set<string> | null} the list that is being read; null while there is none */
  #reading = null;
  /** @type {Difference[]} */
  #held = [];

  /** True while pages are missing. */
  get isReading() {
    return this.#reading !== null;
  }

  /** @param {string[]} users of the first page of a new list */
  begin(users) {
    this.#reading = new Set(users);
    this.#held = [];
  }

  /** @param {string[]} users of another page */
  add(users) {
    for (const user of users) this.#reading?.add(user);
  }

  /**
   * The list is whole.
   * @returns {{joins: string[], leaves: string[]}} what is different from the list before
   */
  end() {
    const before = this.users;
    this.users = this.#reading ?? before;
    this.#reading = null;
    for (const difference of this.#held) this.#apply(difference);
    this.#held = [];
    this.isSynced = true;
    return {
      joins: [...this.users].filter((user) => !before.has(user)),
      leaves: [...before].filter((user) => !this.users.has(user)),
    };
  }

  /**
   * @param {Difference} difference
   * @returns {{joins: string[], leaves: string[]}} who was not there before, and who was; nobody while pages are missing
   */
  change(difference) {
    if (!this.isReading) return this.#apply(difference);
    this.#held.push(difference);
    return { joins: [], leaves: [] };
  }

  /** @param {Difference} difference */
  #apply({ joins, leaves }) {
    const joined = joins.filter((user) => !this.users.has(user));
    const left = leaves.filter((user) => this.users.has(user));
    for (const user of joined) this.users.add(user);
    for (const user of left) this.users.delete(user);
    return { joins: joined, leaves: left };
  }
}

export class Presence {
  #client;
  #request;
  #listener;
  #set = new PresenceSet();
  #refresh;
  /** @type {(() => void) | null} ends the subscription */
  #unsubscribe = null;
  /** @type {() => void} */
  #forgetClient;
  /** Counts lists: the pages of one that was given up are nobody's. */
  #list = 0;
  #isEnded = false;

  /**
   * @param {RTClient} client
   * @param {string | {scope: string, join?: boolean}} scope
   * @param {PresenceListener} listener
   * @param {Clock} clock
   */
  constructor(client, scope, listener, clock) {
    this.#client = client;
    this.#request = typeof scope === "string" ? { scope } : scope;
    this.#listener = listener;
    this.#refresh = new SnapshotRefresh(clock, () => this.#begin(), false);
    this.#forgetClient = client.on("disposed", () => this.end());
    this.#begin();
  }

  /** @returns {ReadonlySet<string>} the ids of who is present, as text; empty before the first `onSync` */
  get users() {
    return this.#set.users;
  }

  /**
   * @param {string | number} user an id, as a number or as text
   * @returns {boolean} whether the user is present
   */
  has(user) {
    return this.#set.users.has(String(user));
  }

  /** Follow no longer, and leave the channel. */
  end() {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#list += 1;
    this.#refresh.cancel();
    this.#forgetClient();
    this.#unsubscribe?.();
  }

  /** Subscribe, in the place of a subscription whose list could not be read. */
  #begin() {
    const former = this.#unsubscribe;
    this.#unsubscribe = this.#client.subscribe(PRESENCE, this.#request, {
      onSnapshot: (data) => this.#onList(data),
      onUpdate: (difference) => this.#onDifference(difference),
      onError: this.#listener.onError,
    });
    former?.(); // behind the new one, so that the user never leaves the channel
  }

  /** @param {{users: string[], pages: number, at: number}} data */
  #onList({ users, pages, at }) {
    this.#list += 1;
    this.#set.begin(users);
    if (pages > 1) void this.#readPages(this.#list, at, pages);
    else this.#onWhole();
  }

  /**
   * @param {number} list
   * @param {number} at the moment of the list
   * @param {number} pages
   */
  async #readPages(list, at, pages) {
    try {
      for (let page = 1; page < pages; page += 1) {
        const { users } = await this.#client.snapshot(PRESENCE, { ...this.#request, at, page });
        if (list !== this.#list) return;
        this.#set.add(users);
      }
      this.#onWhole();
    } catch (error) {
      if (list !== this.#list) return;
      // Without a connection there is no hurry: the new subscription is asked for on the next one.
      if (/** @type {RTError} */ (error)?.code === "disconnected") this.#begin();
      else this.#refresh.want();
    }
  }

  #onWhole() {
    const isFirst = !this.#set.isSynced;
    const { joins, leaves } = this.#set.end();
    if (!isFirst) this.#tell(joins, leaves);
    this.#call(() => this.#listener.onSync?.(this.#set.users));
  }

  /** @param {Difference} difference */
  #onDifference(difference) {
    const { joins, leaves } = this.#set.change(difference);
    this.#tell(joins, leaves);
  }

  /**
   * @param {string[]} joins
   * @param {string[]} leaves
   */
  #tell(joins, leaves) {
    if (joins.length > 0) this.#call(() => this.#listener.onJoin?.(joins));
    if (leaves.length > 0) this.#call(() => this.#listener.onLeave?.(leaves));
  }

  /** @param {() => void} run what a listener throws costs nothing else */
  #call(run) {
    if (this.#isEnded) return;
    try {
      run();
    } catch (error) {
      console.error(error);
    }
  }
}
