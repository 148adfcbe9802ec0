/**
 * The turns in which the charts of a page are drawn, so that the page has time for what else it does.
 *
 *      invalidated ──► waits ── its turn in an animation frame ──► drawn
 *                        │ out of sight: it goes on waiting
 *
 * Decides which chart is next: the one that has waited longest since it was drawn, one under the pointer or with the
 * focus as if three times as long. Drawing takes at most half of the time: what it has taken it must rest, too, though
 * not at once. A chart that is the only one on the page is drawn in the next frame, whatever it costs. Those that wait for
 * their turns show at least their newest price, all at once, ten times a second. It does not know what a chart is.
 */

/** @import { Clock } from "./clock.js" */

/**
 * @typedef {object} Drawable
 * @property {() => void} draw
 * @property {() => void} drawNewest the part that matters most, for a small part of the cost
 * @property {() => boolean} isFavoured whether the page's user is busy with it
 */
/** @typedef {{isWaiting: boolean, isSeen: boolean, drawnAt: number}} Turn */

/** After this much drawing in a frame, the rest is left for the next one. */
const FRAME_MS = 6;
/** So much rest may be owed: frames come at fixed times, and rest until the next one but one would be too much. */
const OWED_MS = 16;
const FAVOUR = 3;
/** Between two moments at which the charts that wait show what is newest. */
const NEWEST_MS = 100;
/** And so many times what that takes, on a page of very many charts. */
const NEWEST_REST = 10;

/** @type {WeakMap<Function, DrawSchedule>} */
const SCHEDULES = new WeakMap();

export class DrawSchedule {
  #requestFrame;
  #clock;
  #report;
  /** @type {Map<Drawable, Turn>} */
  #turns = new Map();
  #isRequested = false;
  /** Moment at which all the rest that was owed will have been taken. */
  #restedAt = -Infinity;
  /** Moment at which the charts that wait may show their newest price. */
  #newestAt = -Infinity;

  /**
   * @param {(run: () => void) => void} requestFrame
   * @param {Clock} clock
   * @param {(error: unknown) => void} [report] gets what a drawing throws
   */
  constructor(requestFrame, clock, report = (error) => console.error(error)) {
    this.#requestFrame = requestFrame;
    this.#clock = clock;
    this.#report = report;
  }

  /**
   * Charts that take their frames from the same source share the time there is.
   * @param {(run: () => void) => void} requestFrame
   * @param {Clock} clock
   * @returns {DrawSchedule}
   */
  static of(requestFrame, clock) {
    const schedule = SCHEDULES.get(requestFrame) ?? new DrawSchedule(requestFrame, clock);
    SCHEDULES.set(requestFrame, schedule);
    return schedule;
  }

  /** @param {Drawable} drawable counts as seen until `setSeen` says otherwise */
  add(drawable) {
    this.#turns.set(drawable, { isWaiting: false, isSeen: true, drawnAt: -Infinity });
  }

  /** @param {Drawable} drawable is not drawn any more */
  remove(drawable) {
    this.#turns.delete(drawable);
  }

  /** @param {Drawable} drawable is to be drawn, once for however many calls until then */
  invalidate(drawable) {
    const turn = this.#turns.get(drawable);
    if (turn === undefined) return;
    turn.isWaiting = true;
    this.#maybeRequest();
  }

  /**
   * @param {Drawable} drawable
   * @param {boolean} isSeen one that is out of sight waits until it is seen
   */
  setSeen(drawable, isSeen) {
    const turn = this.#turns.get(drawable);
    if (turn === undefined) return;
    turn.isSeen = isSeen;
    this.#maybeRequest();
  }

  #maybeRequest() {
    if (this.#isRequested || ![...this.#turns.values()].some(isDue)) return;
    this.#isRequested = true;
    this.#requestFrame(() => this.#onFrame());
  }

  #onFrame() {
    this.#isRequested = false;
    const begun = this.#clock.now();
    if (begun >= this.#restedAt || this.#turns.size === 1) this.#drawSome(begun);
    if (begun >= this.#newestAt) this.#drawNewest();
    this.#restedAt = Math.max(this.#restedAt, begun - OWED_MS) + 2 * (this.#clock.now() - begun);
    this.#maybeRequest();
  }

  /** @param {number} begun */
  #drawSome(begun) {
    let now = begun;
    for (let next = this.#next(now); next !== null && now - begun < FRAME_MS; next = this.#next(now)) {
      this.#draw(...next, now);
      now = this.#clock.now();
    }
  }

  #drawNewest() {
    const begun = this.#clock.now();
    for (const [drawable, turn] of this.#turns) {
      if (isDue(turn)) this.#try(() => drawable.drawNewest());
    }
    const now = this.#clock.now();
    this.#newestAt = now + Math.max(NEWEST_MS, NEWEST_REST * (now - begun));
  }

  /**
   * @param {Drawable} drawable
   * @param {Turn} turn
   * @param {number} now
   */
  #draw(drawable, turn, now) {
    turn.isWaiting = false;
    turn.drawnAt = now;
    this.#try(() => drawable.draw());
  }

  /** @param {() => void} draw */
  #try(draw) {
    try {
      draw();
    } catch (error) {
      this.#report(error);
    }
  }

  /**
   * @param {number} now
   * @returns {[Drawable, Turn] | null} whose turn it is
   */
  #next(now) {
    let [best, longest] = [/** @type {[Drawable, Turn] | null} */ (null), -1];
    for (const [drawable, turn] of this.#turns) {
      if (!isDue(turn)) continue;
      const waited = (now - turn.drawnAt) * (drawable.isFavoured() ? FAVOUR : 1);
      if (waited > longest) [best, longest] = [[drawable, turn], waited];
    }
    return best;
  }
}

/** @param {Turn} turn */
function isDue({ isWaiting, isSeen }) {
  return isWaiting && isSeen;
}
