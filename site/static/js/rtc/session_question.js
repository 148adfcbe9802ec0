/**
 * Asks the server why a handshake was refused: a browser shows a script code 1006 for a session that is over as for a
 * server that is away.
 *
 * The server tells over plain HTTP, at the socket's own address with the query `session`, or a site does, at an address
 * of its own. Decides what an answer means, and asks one question at a time; what follows is comeback.js.
 */

/** @import { Clock } from "./clock.js" */

/** A server that has not answered in this time has not answered. */
const PATIENCE_MS = 10_000;

/** What is known after a question. */
export const Session = Object.freeze({
  /** The session is over, or there never was one. */
  OVER: "over",
  /** Pages of this origin may not connect, whoever is logged in. */
  FORBIDDEN: "forbidden",
  /** Somebody is there who does not know the question, such as a server of an older version. */
  UNTOLD: "untold",
  /** It holds, or nobody knows at the moment. */
  UNKNOWN: "unknown",
});

/** @typedef {(url: string, options: RequestInit) => Promise<{status: number}>} Fetch The part of `fetch` that is used. */

export class SessionQuestion {
  #url;
  #isOwn;
  #fetch;
  #clock;
  #onAnswer;
  /** @type {AbortController | null} the question under way */
  #current = null;

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {boolean} options.isOwn whether it is the server's own, whose every status has a meaning
   * @param {Fetch} options.fetch
   * @param {Clock} options.clock
   * @param {(session: string) => void} onAnswer called once for each question that was not cancelled
   */
  constructor({ url, isOwn, fetch, clock }, onAnswer) {
    this.#url = url;
    this.#isOwn = isOwn;
    this.#fetch = fetch;
    this.#clock = clock;
    this.#onAnswer = onAnswer;
  }

  /** Ask, unless an answer is awaited. */
  async ask() {
    if (this.#current !== null) return;
    const question = (this.#current = new AbortController());
    const timer = this.#clock.setTimeout(() => question.abort(), PATIENCE_MS);
    const session = await this.#answer(question.signal);
    this.#clock.clearTimeout(timer);
    if (this.#current !== question) return;
    this.#current = null;
    this.#onAnswer(session);
  }

  /** What is answered is not wanted any more. */
  cancel() {
    this.#current?.abort();
    this.#current = null;
  }

  /** @param {AbortSignal} signal */
  async #answer(signal) {
    const fetch = this.#fetch; // the browser's own must not be called as a method
    try {
      const { status } = await fetch(this.#url, { cache: "no-store", credentials: "include", signal });
      return meaningOf(status, this.#isOwn);
    } catch {
      return Session.UNKNOWN; // away, or not in time, or forbidden by a policy of the page
    }
  }
}

/**
 * @param {number} status
 * @param {boolean} isOwn whether the server itself has answered
 * @returns {string} one of `Session`
 */
export function meaningOf(status, isOwn) {
  if (status === 401) return Session.OVER;
  if (status === 403 && isOwn) return Session.FORBIDDEN;
  if (status >= 400 && status < 500 && status !== 429) return Session.UNTOLD;
  return Session.UNKNOWN;
}

/**
 * @param {string} socketUrl ws: or wss:
 * @returns {string} where the server of that socket tells
 */
export function sessionAddress(socketUrl) {
  const address = new URL(socketUrl);
  address.protocol = address.protocol === "wss:" ? "https:" : "http:";
  address.search = "?session";
  return address.href;
}
