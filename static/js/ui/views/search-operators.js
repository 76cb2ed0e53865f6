/**
 * The operators of a search: `from:@bob`, `in:#general`, `before:2026-02-01`, `after:2026-01-31`.
 *
 * @typedef {object} Typed
 * @property {string} words the text without operators; phrases and exclusions are part of it
 * @property {string} [from] a handle or "me"
 * @property {string} [in] a channel's name, or the handle of the other member of a direct message
 * @property {string} [before] a day
 * @property {string} [after] a day
 */

const OPERATOR = /(^|\s)(from|in|before|after):(?:"([^"]+)"|(\S+))/gi;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** @param {string} text @returns {Typed} the last value of a repeated operator */
export function parse(text) {
  /** @type {Record<string, string>} */
  const found = {};
  const words = text.replace(OPERATOR, (whole, before, operator, quoted, plain) => {
    const name = operator.toLowerCase();
    const value = (quoted ?? plain).replace(/^[@#]/, "");
    const isDay = name === "before" || name === "after";
    if (!value || (isDay && !isRealDay(value))) return whole; // searched as a word
    found[name] = value;
    return before;
  });
  return { words: words.replace(/\s+/g, " ").trim(), ...found };
}

/** @param {string} day "2026-01-31" @returns {boolean} */
export function isRealDay(day) {
  if (!DAY.test(day)) return false;
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

/**
 * Return the beginning of a local day, for the server. Both `before` and `after` exclude the day itself.
 *
 * @param {string} day
 * @param {number} [later] days
 * @returns {string}
 */
export function startOf(day, later = 0) {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
