/**
 * Makes pushed messages come once and in order, over losses of the connection, reloads and changes of the server.
 *
 * Decides which messages are passed on when: what was missed first, then what has come live meanwhile; nothing twice.
 * And when the server is told what the page has got, so that the user's next page is not sent it again.
 * Knows the newest offset that was passed on, also after a reload of the page, and asks with it. A Redis that comes back
 * empty may give offsets that are smaller: where the server does not know the page's offset, the page begins anew. See
 * "Offsets and resume" in docs/csprotocols.readme.md.
 */

/** @import { Clock } from "./clock.js" */
/** @import { Message } from "./request_table.js" */
import { compareOffsets, isNewer } from "./offset.js";

/** Longest silence of the server about what was missed. */
const PATIENCE_MS = 10_000;
/** Longest time between passing a message on and telling the server. */
const SEEN_MS = 1000;
const KEY = "rtserver:offset:";
/** Ends of a resume where the server knows the page's offset, and some messages behind it are gone. */
const KNOWN_LOSSES = new Set(["trimmed", "expired", "too_large", "missed"]);

/**
 * @typedef {object} OffsetStorage The part of `sessionStorage` that is used.
 * @property {(key: string) => string | null} getItem
 * @property {(key: string, value: string) => void} setItem
 */

export class Resumption {
  #clock;
  #storage;
  #on;
  /** @type {string | null} where the newest offset of the user is stored, once there has been one */
  #key = null;
  /** @type {string | null} the newest offset that was passed on */
  #newest = null;
  /** @type {string | null} what is newer than this comes live; null: not known */
  #liveFrom = null;
  /** @type {Message[]} live messages that wait for the end of the resume */
  #held = [];
  /** @type {Message[]} came in a resume and are not newer than the newest: known already, or of an order that is new */
  #doubtful = [];
  /** @type {any} the timer, while a resume is under way */
  #timer = null;
  /** @type {any} the timer, while there is something that the server does not know to be seen */
  #unsaid = null;

  /**
   * @param {object} options
   * @param {Clock} options.clock
   * @param {OffsetStorage | null} options.storage where the newest offset outlives the page; null for nowhere
   * @param {object} on
   * @param {(offset: string | null) => void} on.ask send the question for what lies behind an offset
   * @param {(offset: string) => void} on.seen tell the server that everything up to an offset has come
   * @param {(messages: Message[]) => void} on.giveUp there will be no answer: pass these on
   */
  constructor({ clock, storage }, on) {
    this.#clock = clock;
    this.#storage = storage;
    this.#on = on;
  }

  /**
   * A connection has begun. A server that keeps nothing says no offset, and is asked nothing.
   * @param {{user: {id: number | string}, offset?: string | null}} userinfo
   */
  begin({ user, offset }) {
    if (offset === undefined) return;
    this.#remember(KEY + user.id);
    this.#liveFrom = offset;
    this.#arm();
    this.#on.ask(this.#newest);
  }

  /** Say what has been seen now, not in a moment: the page is about to close. */
  saySeen() {
    if (this.#unsaid === null) return;
    this.#forgetSeen();
    if (this.#newest !== null) this.#on.seen(this.#newest);
  }

  /** The connection has ended: what was held back comes again when the next one resumes. */
  end() {
    this.#disarm();
    this.#forgetSeen();
    this.#held = [];
    this.#doubtful = [];
  }

  /**
   * @param {Message} message
   * @returns {Message[]} what is to be passed on now, in this order: nothing, the message, or others before it
   */
  receive(message) {
    if (typeof message.offset === "string") return this.#receiveKept(message, message.offset);
    if (this.#timer === null || !isEnd(message)) return [message];
    if (message.type === "error") return [...this.#releaseAnew(), message, lost(message.data?.code)];
    const released = isOrderKnown(message) ? this.#release() : this.#releaseAnew();
    if (this.#liveFrom !== null) this.#advance(this.#liveFrom);
    return [...released, message];
  }

  /**
   * @param {Message} message
   * @param {string} offset
   */
  #receiveKept(message, offset) {
    if (this.#timer !== null) {
      this.#arm();
      if (this.#liveFrom === null || isNewer(offset, this.#liveFrom)) {
        this.#held.push(message);
        return [];
      }
      if (!isNewer(offset, this.#newest)) {
        this.#doubtful.push(message);
        return [];
      }
    }
    return this.#advance(offset) ? [message] : [];
  }

  /**
   * End the resume where nobody can tell what the newest offset is worth. If it lies beyond what the server has, it is of
   * an order that is over: what comes would never be newer.
   * @returns {Message[]}
   */
  #releaseAnew() {
    const isOver = this.#newest !== null && (this.#liveFrom === null || isNewer(this.#newest, this.#liveFrom));
    if (!isOver) return this.#release();
    this.#newest = null;
    if (this.#key !== null) this.#store(this.#key, "");
    this.#held.push(...this.#doubtful);
    const released = this.#release();
    if (this.#liveFrom !== null) this.#advance(this.#liveFrom);
    return released;
  }

  /** End the resume. @returns {Message[]} */
  #release() {
    this.#disarm();
    this.#saySeenSoon(); // what was missed
    const held = this.#held;
    this.#held = [];
    this.#doubtful = [];
    // As long as it was not known which messages are live, missed ones are among them.
    held.sort((one, other) => compareOffsets(one.offset ?? "", other.offset ?? ""));
    return held.filter((message) => this.#advance(message.offset ?? ""));
  }

  /**
   * @param {string} offset
   * @returns {boolean} whether it is newer than all before
   */
  #advance(offset) {
    if (!isNewer(offset, this.#newest)) return false;
    this.#newest = offset;
    if (this.#key !== null) this.#store(this.#key, offset);
    if (this.#timer === null) this.#saySeenSoon();
    return true;
  }

  /** @param {string} key another one than before is another user's, whose messages are none of the former's */
  #remember(key) {
    if (key === this.#key) return;
    this.#key = key;
    this.#newest = this.#load(key);
  }

  /** @param {string} key */
  #load(key) {
    try {
      const stored = this.#storage?.getItem(key) ?? null;
      return stored !== null && /^\d{1,15}-\d{1,19}$/.test(stored) ? stored : null;
    } catch {
      return null;
    }
  }

  /**
   * @param {string} key
   * @param {string} offset
   */
  #store(key, offset) {
    try {
      this.#storage?.setItem(key, offset);
    } catch {
      // Full, or forbidden: then it is known to this page alone.
      this.#storage = null;
    }
  }

  #arm() {
    this.#disarm();
    this.#timer = this.#clock.setTimeout(() => this.#on.giveUp([...this.#releaseAnew(), lost("timeout")]), PATIENCE_MS);
  }

  #saySeenSoon() {
    this.#unsaid ??= this.#clock.setTimeout(() => this.saySeen(), SEEN_MS);
  }

  #forgetSeen() {
    if (this.#unsaid !== null) this.#clock.clearTimeout(this.#unsaid);
    this.#unsaid = null;
  }

  #disarm() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** @returns {OffsetStorage | null} the tab's own; null where there is none, or none for this page */
export function tabStorage() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}

/** @param {Message} message whether it is one of the ends that a resume may have */
function isEnd({ type, data }) {
  return type === "resumed" || type === "resume_lost" || (type === "error" && data?.type === "resume");
}

/** @param {Message} message the end of a resume; whether the server knew the offset that it was asked about */
function isOrderKnown({ type, data }) {
  return type === "resumed" || KNOWN_LOSSES.has(data?.reason);
}

/**
 * Report to a page when nobody can say what it missed.
 * @param {string} [reason]
 * @returns {Message}
 */
function lost(reason = "internal") {
  return { type: "resume_lost", data: { count: 0, offset: null, reason } };
}
