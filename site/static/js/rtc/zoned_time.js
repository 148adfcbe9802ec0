/** A moment as the clocks of a time zone show it: the browser's own, or an exchange's. Pure, but for the browser's zone. */

/**
 * @typedef {object} ZonedTime
 * @property {string} date YYYY-MM-DD
 * @property {string} time HH:MM:SS
 * @property {number} milliseconds of the second
 * @property {number} offsetMinutes from UTC
 * @property {boolean} isMidnight
 */

/** @type {Map<string, Intl.DateTimeFormat | null>} A formatter costs far more to make than to use. */
const formats = new Map();

/**
 * @param {number} time epoch milliseconds
 * @param {string | null} zone an IANA name; null for the browser's zone, which is also taken for a name that it does not know
 * @returns {ZonedTime}
 */
export function zoned(time, zone) {
  const format = zone === null ? null : formatOf(zone);
  const offsetMinutes = format === null ? -new Date(time).getTimezoneOffset() : offsetOf(time, format);
  // What the zone's clocks show is what UTC's show so much later.
  const shown = new Date(time + 60_000 * offsetMinutes);
  const milliseconds = shown.getUTCMilliseconds();
  const clock = [shown.getUTCHours(), shown.getUTCMinutes(), shown.getUTCSeconds()];
  return {
    date: dateText(shown.getUTCFullYear(), shown.getUTCMonth() + 1, shown.getUTCDate()),
    time: clock.map(twoDigits).join(":"),
    milliseconds,
    offsetMinutes,
    isMidnight: clock.every((part) => part === 0) && milliseconds === 0,
  };
}

/**
 * @param {number} year
 * @param {number} month from 1
 * @param {number} day
 */
export function dateText(year, month, day) {
  return `${year}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** @param {string} zone */
function formatOf(zone) {
  let format = formats.get(zone);
  if (format === undefined) {
    format = newFormat(zone);
    formats.set(zone, format);
  }
  return format;
}

/** @param {string} zone */
function newFormat(zone) {
  const numeric = /** @type {const} */ ("numeric");
  const parts = { year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric };
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", ...parts });
  } catch {
    return null; // a RangeError: this browser does not know the zone
  }
}

/**
 * @param {number} time
 * @param {Intl.DateTimeFormat} format
 * @returns {number} minutes
 */
function offsetOf(time, format) {
  const said = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  const shown = Date.UTC(said.year, said.month - 1, said.day, said.hour, said.minute, said.second);
  return Math.round((shown - time) / 60_000);
}

/** @param {number} number */
function twoDigits(number) {
  return String(number).padStart(2, "0");
}
