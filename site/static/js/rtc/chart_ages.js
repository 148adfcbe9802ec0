/**
 * The ages of all charts of a page, by one timer.
 *
 * Decides when an age is looked at: at the moment when the first of them changes. How old a quote is and when it counts as
 * silent is quote_age.js. While nothing can come, because the connection is lost or silent, every quote counts as silent
 * after ten seconds, also one that comes hourly: nobody knows what has happened to it meanwhile.
 */

/** @import { Chart, Render } from "./chart.js" */
/** @import { Clock } from "./clock.js" */
import { periodSeconds } from "./period.js";
import { LEAST_MS, QuoteAge } from "./quote_age.js";
import { State } from "./reconnecting_socket.js";

/** So that a timer that is a little early does not find the same second. */
const LATE_MS = 50;
/** So far the wall clock has to fall behind until it counts as set back. */
const BACK_MS = 1000;

export class ChartAges {
  #clock;
  #wallNow;
  /** @type {{now: number, wallNow: number} | null} a moment on both clocks */
  #moment = null;
  /** @type {Map<Chart, QuoteAge>} */
  #ages = new Map();
  /** @type {number | null} since when nothing can have come; null while something can */
  #cutOffAt = null;
  #isResting = false;
  #isOver = false;
  /** @type {any} */
  #timer = null;

  /** @param {Clock} clock */
  constructor(clock) {
    this.#clock = clock;
    this.#wallNow = clock.wallNow ?? Date.now;
  }

  /** @param {Chart} chart */
  add(chart) {
    this.#ages.set(chart, new QuoteAge(periodSeconds(chart.request.period ?? 0)));
  }

  /** @param {Chart} chart */
  remove(chart) {
    this.#ages.delete(chart);
    if (this.#ages.size === 0) this.#stopTimer();
  }

  /**
   * A chart has taken a message in.
   * @param {Chart} chart
   * @param {Render} render
   */
  onRender(chart, { update, seq, epoch, chart: { series } }) {
    const age = this.#ages.get(chart);
    if (age === undefined) return;
    const [now, count] = [this.#now(), `${epoch}:${seq}`];
    if (update === "dynamic" && series?.length === 0) age.onAlive(now);
    else if (update === "dynamic") age.onNews(now, count);
    else age.onPicture(now, { labels: chart.labels(), count, last: chart.series[0]?.last, session: chart.session });
    // While nothing is silent, a message costs no more than that.
    if (chart.age.isStale || update === "static") this.#look(chart, age, now);
    if (this.#timer === null || update === "static") this.#arm(now);
  }

  /** @param {Chart} chart that has been told whether its exchange trades */
  onSession(chart) {
    const age = this.#ages.get(chart);
    if (age === undefined || chart.session === null) return;
    const now = this.#now();
    age.onSession(now, chart.session);
    this.#look(chart, age, now);
    this.#arm(now);
  }

  /**
   * @param {string} state the client's new one
   * @param {number} [silentMs] how long nothing has come in state "silent"
   */
  onState(state, silentMs = 0) {
    const now = this.#now();
    this.#isOver = state === State.CLOSED;
    if (state === State.OPEN) this.#cutOffAt = null;
    else this.#cutOffAt ??= now - silentMs;
    if (this.#isOver) this.#end();
    else this.#lookAtAll();
  }

  /** Nobody can see the page. */
  rest() {
    this.#isResting = true;
    this.#stopTimer();
  }

  /** Somebody can see it again. */
  wake() {
    this.#isResting = false;
    this.#lookAtAll();
  }

  /** Wall time. When somebody has set its clock back, what was before moves with it, and keeps its age. */
  #now() {
    const [now, wallNow] = [this.#clock.now(), this.#wallNow()];
    this.#moment ??= { now, wallNow };
    const backMs = now - this.#moment.now - (wallNow - this.#moment.wallNow);
    if (backMs >= 0 && backMs < BACK_MS) return wallNow;
    this.#moment = { now, wallNow };
    if (backMs < 0) return wallNow; // the computer has slept
    if (this.#cutOffAt !== null) this.#cutOffAt -= backMs;
    for (const age of this.#ages.values()) age.onClockSetBack(backMs);
    return wallNow;
  }

  /** The client does not come back by itself: no timer goes on, and no age would stay true. */
  #end() {
    this.#stopTimer();
    for (const chart of this.#ages.keys()) {
      if (chart.series.length > 0) chart.onAge({ ms: null, isStale: true, isClosed: false });
    }
  }

  #lookAtAll() {
    if (this.#isResting) return;
    const now = this.#now();
    for (const [chart, age] of this.#ages) this.#look(chart, age, now);
    this.#arm(now);
  }

  /**
   * @param {Chart} chart
   * @param {QuoteAge} age
   * @param {number} now
   */
  #look(chart, age, now) {
    const isCutOff = this.#isCutOff(now);
    const [isStale, isClosed] = [age.isStale(now, isCutOff), age.isClosed(now, isCutOff)];
    if (isStale || chart.age.isStale || isClosed !== chart.age.isClosed) chart.onAge({ ms: isStale ? age.ageMs(now) : 0, isStale, isClosed });
  }

  /** @param {number} now */
  #isCutOff(now) {
    return this.#cutOffAt !== null && now - this.#cutOffAt >= LEAST_MS;
  }

  /** @param {number} now */
  #arm(now) {
    this.#stopTimer();
    if (this.#isResting || this.#isOver) return;
    const isCutOff = this.#isCutOff(now);
    let nextAt = Infinity;
    for (const age of this.#ages.values()) nextAt = Math.min(nextAt, age.nextAt(now, isCutOff));
    if (nextAt === Infinity) return; // there is nothing whose age is known
    // A message from now on is not silent before then, so it need not touch the timer.
    nextAt = Math.min(nextAt, now + LEAST_MS);
    if (this.#cutOffAt !== null && !isCutOff) nextAt = Math.min(nextAt, this.#cutOffAt + LEAST_MS);
    this.#timer = this.#clock.setTimeout(() => this.#onTime(), Math.max(0, nextAt - now) + LATE_MS);
  }

  #onTime() {
    this.#timer = null;
    this.#lookAtAll();
  }

  #stopTimer() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
