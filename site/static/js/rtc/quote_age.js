/**
 * Age of a quote's newest price; it tells a silence that is longer than usual. Pure.
 *
 * The usual interval is learned from the intervals between what comes, and until there are some from those between the
 * labels of a picture. What comes four times a second is silent after ten seconds; what comes hourly is not. While the
 * exchange is closed, as the server says, nothing is silent; after that silence begins with the session.
 *
 * Times are of the wall clock, in milliseconds: it runs on while the computer sleeps, as the quote's age does.
 */

/** @import { Age, Label, Row, Session } from "./chart.js" */
import { RingBuffer } from "./ring_buffer.js";

/** Nothing counts as silent before that. */
export const LEAST_MS = 10_000;
/** A quote that has not shown yet how often it comes. */
const UNKNOWN_MS = 60_000;
/** Usual is what nine of ten of the last intervals keep to; one long pause does not make long pauses usual. */
const KEPT = 32;
const MOST = 0.9;
/** A producer that has said that a quote is alive says so every few seconds: silent is one that misses three times. */
const ALIVE_MS = 15_000;
/** Silent is what lasts so many times as long. */
const FACTOR = 3;
/** So many intervals say something. */
const ENOUGH = 3;
/** The age of a new picture is that of its last label. A live quote has this time to show that it goes by another one. */
const MOMENT_MS = 3000;

export class QuoteAge {
  #periodMs;
  /** @type {number | null} when the newest price came, as far as it is known */
  #at = null;
  /** @type {number | null} when one came live on this connection */
  #liveAt = null;
  #pictureAt = -Infinity;
  #aliveAt = -Infinity;
  /** @type {RingBuffer<number>} */
  #intervals = new RingBuffer(KEPT);
  /** @type {number[]} */
  #labelIntervals = [];
  #last = "";
  /** @type {Session | null} */
  #session = null;
  #openedAt = -Infinity;

  /** @param {number} [period] seconds of one bar; its label is the bar's beginning */
  constructor(period = 0) {
    this.#periodMs = 1000 * period;
  }

  /**
   * A picture came. When its last price came is known from before, or by its label.
   * @param {number} now
   * @param {object} picture
   * @param {Label[]} picture.labels oldest first
   * @param {string} picture.count another one than before where something has come since
   * @param {Row | undefined} picture.last the newest row
   * @param {Session | null} [picture.session] null where the server says none
   */
  onPicture(now, { labels, count, last, session = null }) {
    this.onSession(now, session);
    const [price, before] = [JSON.stringify(last), this.#last];
    this.#last = `${count} ${price}`;
    this.#liveAt = null;
    this.#labelIntervals = labelIntervals(labels.slice(-KEPT - 1));
    // Another start of the server counts anew: then the row says whether it is the one that was there.
    if (this.#at !== null && (before.startsWith(`${count} `) || before.endsWith(` ${price}`))) return;
    const label = labels[labels.length - 1];
    this.#pictureAt = now;
    if (typeof label !== "number") return;
    this.#at = Math.max(this.#at ?? -Infinity, Math.min(now, label + this.#periodMs));
  }

  /**
   * Something came live.
   * @param {number} now
   * @param {string} count
   */
  onNews(now, count) {
    if (this.#liveAt !== null) this.#intervals.push(Math.max(0, now - this.#liveAt));
    this.#at = this.#liveAt = now;
    this.#last = `${count} `;
  }

  /**
   * The producer is alive, and the price is still that of before.
   * @param {number} now
   */
  onAlive(now) {
    this.#aliveAt = now;
  }

  /**
   * @param {number} now
   * @param {Session | null} session
   */
  onSession(now, session) {
    this.#session = session;
    this.#openedAt = session?.is_open ? Math.min(now, session.since ?? -Infinity) : -Infinity;
  }

  /**
   * The wall clock was set back: what was before has happened so much earlier on it.
   * @param {number} backMs
   */
  onClockSetBack(backMs) {
    if (this.#at !== null) this.#at -= backMs;
    if (this.#liveAt !== null) this.#liveAt -= backMs;
    this.#pictureAt -= backMs;
    this.#openedAt -= backMs;
    this.#aliveAt -= backMs;
  }

  /**
   * @param {number} now
   * @returns {number | null} milliseconds; null: nobody knows
   */
  ageMs(now) {
    return this.#at === null ? null : Math.max(0, now - this.#at);
  }

  /**
   * @param {number} now
   * @param {boolean} isCutOff whether nothing could have come lately
   */
  isStale(now, isCutOff) {
    return this.#at !== null && !this.isClosed(now, isCutOff) && now >= this.#staleAt(this.#at, isCutOff);
  }

  /**
   * Whether the exchange does not trade. While the server can say so, it does when that ends; else the time counts that it has said.
   * @param {number} now
   * @param {boolean} isCutOff
   */
  isClosed(now, isCutOff) {
    if (this.#session === null || this.#session.is_open) return false;
    return !isCutOff || now < (this.#session.until ?? Infinity);
  }

  /**
   * @param {number} now
   * @param {boolean} isCutOff
   * @returns {number} when it becomes stale, or, being so, when its age is a second, a minute, an hour or a day more
   */
  nextAt(now, isCutOff) {
    if (this.#at === null) return Infinity;
    if (this.isClosed(now, isCutOff)) return Math.max(now + LEAST_MS, this.#session?.until ?? Infinity);
    const staleAt = this.#staleAt(this.#at, isCutOff);
    if (now < staleAt) return staleAt;
    const [unitMs] = unitOf(now - this.#at);
    return this.#at + unitMs * (Math.floor((now - this.#at) / unitMs) + 1);
  }

  /**
   * @param {number} at
   * @param {boolean} isCutOff
   */
  #staleAt(at, isCutOff) {
    const heardAt = isCutOff ? Math.max(at, this.#aliveAt) + LEAST_MS : Math.max(at, this.#openedAt) + this.#limitMs();
    return Math.max(heardAt, this.#pictureAt + MOMENT_MS, isCutOff ? -Infinity : this.#aliveAt + ALIVE_MS);
  }

  #limitMs() {
    const live = this.#intervals.toArray();
    const intervals = live.length >= ENOUGH ? live : [...live, ...this.#labelIntervals];
    if (intervals.length < ENOUGH) return UNKNOWN_MS;
    intervals.sort((one, other) => one - other);
    return Math.max(LEAST_MS, FACTOR * intervals[Math.ceil(MOST * (intervals.length - 1))]);
  }
}

/** @type {[number, string][]} the longest first */
const UNITS = [
  [365 * 86_400_000, "y"],
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
];

/**
 * @param {Age} age
 * @returns {string} such as "12 s ago" or "closed"; empty where there is nothing to say
 */
export function ageText({ ms, isStale, isClosed }) {
  if (!isStale) return isClosed ? "closed" : "";
  if (ms === null) return "not live";
  const [unitMs, name] = unitOf(ms);
  return `${Math.floor(ms / unitMs)} ${name} ago`;
}

/** @param {number} ageMs */
function unitOf(ageMs) {
  return UNITS.find(([unitMs]) => ageMs >= unitMs) ?? UNITS[UNITS.length - 1];
}

/** @param {Label[]} labels */
function labelIntervals(labels) {
  const intervals = [];
  for (let place = 1; place < labels.length; place += 1) {
    const interval = Number(labels[place]) - Number(labels[place - 1]);
    if (interval > 0) intervals.push(interval);
  }
  return intervals;
}
