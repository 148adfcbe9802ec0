/**
 * Signs of the browser about the page: whether somebody can see it, that the network may be there again, and an
 * address that the page's own policy forbids.
 *
 * Translates the browser's events into three of its own. What follows from them is its owner's business.
 */

/**
 * @typedef {object} SignSource The part of the page's window and document that is used.
 * @property {(event: string, run: (event: any) => void) => void} addEventListener
 * @property {(event: string, run: (event: any) => void) => void} removeEventListener
 */
/** @typedef {SignSource & {visibilityState: string}} SignDocument */

/**
 * @typedef {object} Page
 * @property {SignSource | undefined} [window] without one there is no sign of the network
 * @property {SignDocument | undefined} [document] without one nobody ever sees the page
 */

export class PageSigns {
  #page;
  #on;
  #onWake = () => this.#on.wake();
  #onVisibility = () => this.#onChange();
  #onViolation = (/** @type {SecurityPolicyViolationEvent} */ event) => this.#onPolicy(event);
  #isOn = false;

  /**
   * Listens to nothing until `start`.
   * @param {Page} page
   * @param {object} on
   * @param {(isVisible: boolean) => void} on.visible called by `start`, and when it has changed
   * @param {() => void} on.wake the network may be there again, or the page is seen again. Several may come at once
   * @param {(url: string) => void} on.forbidden the page's Content-Security-Policy let nothing connect to this address;
   *   some browsers tell no more of it than its scheme
   */
  constructor(page, on) {
    this.#page = page;
    this.#on = on;
  }

  /** Listen, if it does not yet. */
  start() {
    if (this.#isOn) return;
    this.#isOn = true;
    const { window, document } = this.#page;
    window?.addEventListener("online", this.#onWake);
    // A page out of the browser's cache of pages had no network while it was in there.
    window?.addEventListener("pageshow", this.#onWake);
    window?.addEventListener("securitypolicyviolation", this.#onViolation);
    document?.addEventListener("visibilitychange", this.#onVisibility);
    this.#on.visible(this.#isVisible());
  }

  /** Listen no longer, and leave nothing behind. */
  stop() {
    this.#isOn = false;
    const { window, document } = this.#page;
    window?.removeEventListener("online", this.#onWake);
    window?.removeEventListener("pageshow", this.#onWake);
    window?.removeEventListener("securitypolicyviolation", this.#onViolation);
    document?.removeEventListener("visibilitychange", this.#onVisibility);
  }

  #isVisible() {
    return this.#page.document?.visibilityState === "visible";
  }

  #onChange() {
    const isVisible = this.#isVisible();
    this.#on.visible(isVisible);
    if (isVisible) this.#on.wake();
  }

  /** @param {SecurityPolicyViolationEvent} event (CSP level 3, section 5.1) */
  #onPolicy({ effectiveDirective, disposition, blockedURI }) {
    if (effectiveDirective === "connect-src" && disposition === "enforce") this.#on.forbidden(blockedURI);
  }
}

/** @returns {Page} the browser's own; of a worker, which has neither, an empty one */
export function browserPage() {
  const { window, document } = globalThis;
  return { window, document };
}
