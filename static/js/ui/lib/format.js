import { serverClock } from "../../client/clock.js";
import { setText } from "./dom.js";
import { gettext, interpolate, ngettext } from "./i18n.js";

const locale = globalThis.document?.documentElement.lang || undefined; // message-rows.js is tested without a document
let clock = "auto";
let clockTime = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
let fullTime = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const otherYear = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const shortDay = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const shortDayOfYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
const dayOfYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric" });
const list = new Intl.ListFormat(locale);
const TINTS = 8;

/** @returns {string} what written times depend on; a caller that caches them compares it */
export const clockChoice = () => clock;

/** @param {"12" | "24" | "auto"} wanted */
export function setClock(wanted) {
  if (wanted === clock) return;
  clock = wanted;
  const hour12 = clock === "auto" ? undefined : clock === "12";
  clockTime = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", hour12 });
  fullTime = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short", hour12 });
  refreshTimes();
}

/** @typedef {"day" | "short"} Words the wording of a time; both depend on the current day */

/**
 * Write a time in words that depend on the current day. `refreshTimes` writes them again at midnight.
 *
 * @param {HTMLElement} element
 * @param {string} iso
 * @param {{words?: Words, format?: string}} [options] `format`: a translated sentence with `%(time)s`
 */
export function writeTime(element, iso, { words = "short", format = "%(time)s" } = {}) {
  Object.assign(element.dataset, { at: iso, words, format });
  setText(element, interpolate(format, { time: words === "day" ? dayLabel(iso) : shortTime(iso) }));
}

/** Make an element show no time. @param {HTMLElement} element @param {string} [text] */
export function clearTime(element, text = "") {
  delete element.dataset.words;
  setText(element, text);
}

/** Write every time in the document again, because another day has begun or the member has changed the clock format. */
export function refreshTimes() {
  const all = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-words]"));
  for (const element of all) {
    const { at = "", words, format } = element.dataset;
    writeTime(element, at, { words: /** @type {Words} */ (words), format });
  }
}

/** @returns {string} today, as a key */
export const today = () => dayKey(serverClock.calendar());

/** @param {string} iso */
export const timeOfDay = (iso) => clockTime.format(new Date(iso));

/** @param {string} iso */
export const fullDate = (iso) => fullTime.format(new Date(iso));

/** @param {string} iso */
export const longDay = (iso) => dayOfYear.format(new Date(iso));

/** @param {string[]} names */
export const listOf = (names) => list.format(names);

/** @param {string | Date} at @returns {string} the local day, as a key */
export function dayKey(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** @param {string} iso */
function dayLabel(iso) {
  const date = new Date(iso);
  const now = serverClock.calendar();
  if (dayKey(date) === dayKey(now)) return gettext("Today");
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (dayKey(date) === dayKey(yesterday)) return gettext("Yesterday");
  return (date.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(date);
}

/** @param {string} iso @returns {string} the time if it is today, else the date */
function shortTime(iso) {
  const date = new Date(iso);
  const now = serverClock.calendar();
  if (dayKey(date) === dayKey(now)) return clockTime.format(date);
  return (date.getFullYear() === now.getFullYear() ? shortDay : shortDayOfYear).format(date);
}

/** @param {number} count */
export function repliesLabel(count) {
  return interpolate(ngettext("%(count)s reply", "%(count)s replies", count), { count });
}

/** @param {string} name */
export function initials(name) {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return (
    letters
      .map((word) => String.fromCodePoint(word?.codePointAt(0) ?? 63))
      .join("")
      .toUpperCase() || "?"
  );
}

/**
 * Show a member's initials on the member's colour.
 *
 * @param {HTMLElement} element
 * @param {{id: string, name: string} | undefined} member
 */
export function fillAvatar(element, member) {
  element.textContent = member ? initials(member.name) : "?";
  element.dataset.tint = String(member ? tint(member.id) : 0);
}

/** @param {string} id only the end of a UUIDv7 is random, the beginning is a time */
function tint(id) {
  return (Number.parseInt(id.slice(-6), 16) % TINTS) + 1;
}
