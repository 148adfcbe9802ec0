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
/** The server's own answers have it: what stands between may answer 401 and 403, too. */
const MARK = "Rtserver-Session";

/** Knowledge after a question. */
export const Session = Object.freeze({
  /** The session is over, or there never was one. */
  OVER: "over",
  /** Pages of this origin may not connect, whoever is logged in. */
  FORBIDDEN: "forbidden",
  /** Somebody is there who does not know the question, such as a server of an older version, or a proxy. */
  UNTOLD: "untold",
  /** It holds, or nobody knows at the moment. */
  UNKNOWN: "unknown",
});

/** @typedef {Pick<Response, "status"> & Partial<Pick<Response, "headers" | "redirected">>} Answer The part of a `Response` that is used. */
/** @typedef {(url: string, options: RequestInit) => Promise<Answer>} Fetch The part of `fetch` that is used. */

export class SessionQuestion {
  #url;
  #isOwn;
  #fetch;
  #clock;
  #warn;
  #hasWarned = false;
  #onAnswer;
  /** @type {AbortController | null} the question under way */
  #current = null;

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {boolean} options.isOwn whether it is the server's own, whose every status has a meaning
   * @param {Fetch} options.fetch
   * @param {Clock} options.clock
   * @param {(text: string) => void} [options.warn] is told once of an answer that says nothing; default: console.warn
   * @param {(session: string) => void} onAnswer called once for each question that was not cancelled
   */
  constructor({ url, isOwn, fetch, clock, warn = (text) => console.warn(text) }, onAnswer) {
    this.#url = url;
    this.#isOwn = isOwn;
    this.#fetch = fetch;
    this.#clock = clock;
    this.#warn = warn;
    this.#onAnswer = onAnswer;
  }

  /** Ask, unless an answer is awaited. */
  async ask() {
    if (this.#current !== null) return;
    const question = (this.#current = new AbortController());
    const timer = this.#clock.setTimeout(() => question.abort(), PATIENCE_MS);
    const session = await Promise.race([this.#answer(question.signal), aborted(question.signal)]);
    this.#clock.clearTimeout(timer);
    if (this.#current !== question) return;
    this.#current = null;
    this.#onAnswer(session);
  }

  /** Ignore the answer. */
  cancel() {
    this.#current?.abort();
    this.#current = null;
  }

  /** @param {AbortSignal} signal */
  async #answer(signal) {
    const fetch = this.#fetch; // the browser's own must not be called as a method
    try {
      const answer = await fetch(this.#url, { cache: "no-store", credentials: "include", signal });
      const session = meaningOf(answer, this.#isOwn);
      if (session === Session.UNTOLD || saysNothing(answer, this.#isOwn)) this.#doubt(answer);
      return session;
    } catch {
      return Session.UNKNOWN; // away, or not in time, or forbidden by a policy of the page
    }
  }

  /** @param {Answer} answer */
  #doubt({ status, redirected }) {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const what = redirected ? `was redirected, and answered ${status}` : `answered ${status}`;
    this.#warn(`rtserver: ${this.#url} ${what}, which does not tell whether the session holds`);
  }
}

/**
 * @param {Answer} answer
 * @param {boolean} isOwn whether the server itself was asked
 * @returns {string} one of `Session`
 */
export function meaningOf({ status, headers }, isOwn) {
  const isAsked = !isOwn || Boolean(headers?.has(MARK));
  if (status === 401 && isAsked) return Session.OVER;
  if (status === 403 && isAsked && isOwn) return Session.FORBIDDEN;
  if (status >= 400 && status < 500 && status !== 429) return Session.UNTOLD;
  return Session.UNKNOWN;
}

/**
 * Tell whether somebody else has answered with a page: a network that wants a log-in, or a site's own log-in page.
 * @param {Answer} answer
 * @param {boolean} isOwn
 */
function saysNothing({ status, headers, redirected }, isOwn) {
  return isOwn ? status < 300 && !headers?.has(MARK) : status === 200 && Boolean(redirected);
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<string>} settled when it is aborted, for a `fetch` that takes no notice
 */
function aborted(signal) {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(Session.UNKNOWN)));
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
