/** Time as the library wants it: passed in, so that a test can move it. */

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds since any fixed moment; never goes back
 * @property {(run: () => void, delayMs: number) => any} setTimeout gives a handle for `clearTimeout`
 * @property {(handle: any) => void} clearTimeout
 * @property {() => number} [wallNow] milliseconds since 1970, for ages that run on while the computer sleeps; default: Date.now
 */

/** @type {Clock} The browser's own. Wall time would jump when the computer's clock is set. */
export const browserClock = Object.freeze({
  now: () => performance.now(),
  setTimeout: (/** @type {() => void} */ run, /** @type {number} */ delayMs) => setTimeout(run, delayMs),
  clearTimeout: (/** @type {any} */ handle) => clearTimeout(handle),
});
