/**
 * Elements of a page that are on the screen, or about to be: what is asked for only while somebody can see it.
 *
 * Decides when an element counts as seen. What scrolls by does not; what has gone is still seen for a while, so that a
 * reader who scrolls to and fro does not have everything asked for each time.
 */

/** @import { Clock } from "./clock.js" */
import { SEEN_MARGIN } from "./view.js";

/** So long an element that comes into sight has to stay there. One that is there from the beginning does not wait. */
const SETTLE_MS = 100;

/** @typedef {(isSeen: boolean) => void} SeenListener */
/**
 * @typedef {object} Place
 * @property {Set<SeenListener>} listeners
 * @property {boolean} isKnown whether the browser has said where it is
 * @property {boolean} isSeen
 * @property {any} timer until that changes; null while none is armed
 */

export class ScreenWatch {
  #IntersectionObserver;
  /** @type {IntersectionObserver | null} one for all, made for the first of them */
  #observer = null;
  #clock;
  #lingerMs;
  /** @type {Map<Element, Place>} */
  #places = new Map();

  /**
   * @param {object} options
   * @param {typeof IntersectionObserver | undefined} options.IntersectionObserver without one everything counts as seen
   * @param {Clock} options.clock
   * @param {number} options.lingerMs how long what has gone is still seen
   */
  constructor({ IntersectionObserver, clock, lingerMs }) {
    this.#clock = clock;
    this.#lingerMs = lingerMs;
    this.#IntersectionObserver = IntersectionObserver;
  }

  /** @param {Element} element @returns {(listener: SeenListener) => () => void} `watch` for this element */
  watcherOf(element) {
    return (listener) => this.watch(element, listener);
  }

  /**
   * @param {Element} element
   * @param {SeenListener} listener called when it is known whether the element is seen, and with each change
   * @returns {() => void} ends it
   */
  watch(element, listener) {
    if (this.#IntersectionObserver === undefined) {
      listener(true);
      return () => {};
    }
    this.#observer ??= new this.#IntersectionObserver((entries) => this.#onEntries(entries), { rootMargin: SEEN_MARGIN });
    const place = this.#places.get(element) ?? { listeners: new Set(), isKnown: false, isSeen: false, timer: null };
    place.listeners.add(listener);
    this.#places.set(element, place);
    this.#observer.observe(element);
    if (place.isSeen) listener(true);
    return () => this.#end(element, place, listener);
  }

  /** @param {Pick<IntersectionObserverEntry, "target" | "isIntersecting">[]} entries in the order of time */
  #onEntries(entries) {
    for (const { target, isIntersecting } of entries) {
      const place = this.#places.get(target);
      if (place !== undefined) this.#onPlace(place, isIntersecting);
    }
  }

  /**
   * @param {Place} place
   * @param {boolean} isSeen
   */
  #onPlace(place, isSeen) {
    this.#disarm(place);
    if (!place.isKnown) this.#change(place, isSeen);
    else if (isSeen !== place.isSeen) {
      place.timer = this.#clock.setTimeout(() => this.#change(place, isSeen), isSeen ? SETTLE_MS : this.#lingerMs);
    }
  }

  /**
   * @param {Place} place
   * @param {boolean} isSeen
   */
  #change(place, isSeen) {
    place.timer = null;
    place.isKnown = true;
    place.isSeen = isSeen;
    for (const listener of place.listeners) listener(isSeen);
  }

  /**
   * @param {Element} element
   * @param {Place} place
   * @param {SeenListener} listener
   */
  #end(element, place, listener) {
    place.listeners.delete(listener);
    if (place.listeners.size > 0) return;
    this.#disarm(place);
    this.#places.delete(element);
    this.#observer?.unobserve(element);
  }

  /** @param {Place} place */
  #disarm(place) {
    if (place.timer !== null) this.#clock.clearTimeout(place.timer);
    place.timer = null;
  }
}
