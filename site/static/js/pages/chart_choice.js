/**
 * Choices for the large chart: they make sense at all times, and survive a reload.
 *
 * Decides what one choice does to the others. What may be chosen at all, the page's controls say.
 */

const TICKS = "0";
const MINUTE = "60";
const INDICATOR = /^[a-z][a-z0-9_]{0,15}(:[0-9.]{1,8}){0,4}$/;

/**
 * @typedef {object} Choice As the controls have it: texts.
 * @property {string} item
 * @property {string} period
 * @property {string} shape
 * @property {string[]} indicators
 * @property {string | null} [before] the shape to go back to when ticks become bars again
 */

/**
 * A candle of a single tick is a dash: choosing one of the two moves the other to something that can be read, and back
 * when that has become possible.
 * @param {Choice} choice
 * @param {string} changed the name of what the user has just chosen
 * @returns {Choice}
 */
export function settle(choice, changed) {
  const { period, shape, before = null } = choice;
  if (changed === "shape") return { ...choice, period: shape === "ohlc" && period === TICKS ? MINUTE : period, before: null };
  if (changed !== "period") return choice;
  if (period === TICKS) return shape === "ohlc" ? { ...choice, shape: "line", before: shape } : choice;
  return before === null ? choice : { ...choice, shape: before, before: null };
}

/** The choice of a user in this tab. */
export class KeptChoice {
  /**
   * @param {import("./tab_storage.js").TabStorage} storage
   * @param {string} userId
   */
  constructor(storage, userId) {
    this.storage = storage;
    this.key = `rtserver.chart.${userId}`;
  }

  /** @param {Choice} choice */
  keep(choice) {
    try {
      this.storage.setItem(this.key, JSON.stringify(choice));
    } catch {
      // Full: then it lives as long as the page.
    }
  }

  /**
   * @param {Choice} usual what is chosen where nothing was kept
   * @param {(name: string, value: unknown) => boolean} isOffered whether the controls have it: they may have changed since
   * @returns {Choice}
   */
  read(usual, isOffered) {
    const kept = this.#parse();
    const choice = { ...usual };
    for (const name of ["item", "period", "shape"]) {
      if (isOffered(name, kept[name])) choice[name] = kept[name];
    }
    // The server's list of indicators comes later than the choice is needed.
    if (Array.isArray(kept.indicators)) choice.indicators = kept.indicators.filter((each) => INDICATOR.test(each));
    choice.before = isOffered("shape", kept.before) ? kept.before : null;
    return choice.period === TICKS && choice.shape === "ohlc" ? settle(choice, "period") : choice;
  }

  #parse() {
    try {
      return Object(JSON.parse(this.storage.getItem(this.key) ?? "{}"));
    } catch {
      return {};
    }
  }
}
