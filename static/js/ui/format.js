import { gettext, interpolate, ngettext } from "./i18n.js";

const locale = globalThis.document?.documentElement.lang || undefined; // rows.js is tested without a document
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

/** @type {Set<() => void>} */
const onClock = new Set();

/** @param {() => void} observer told when times are to be written anew */
export const observeClock = (observer) => onClock.add(observer);

/** @returns {string} what times depend on, for whoever keeps what they have written */
export const clockChoice = () => clock;

/** @param {"12" | "24" | "auto"} wanted */
export function setClock(wanted) {
  if (wanted === clock) return;
  clock = wanted;
  const hour12 = clock === "auto" ? undefined : clock === "12";
  clockTime = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", hour12 });
  fullTime = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short", hour12 });
  for (const observer of onClock) observer();
}

/** @param {string} iso */
export const timeOfDay = (iso) => clockTime.format(new Date(iso));

/** @param {string} iso */
export const fullDate = (iso) => fullTime.format(new Date(iso));

/** @param {string} iso */
export const longDay = (iso) => dayOfYear.format(new Date(iso));

/** @param {string[]} names */
export const listOf = (names) => list.format(names);

/** @param {string} iso @returns {string} the local day, as a key */
export function dayKey(iso) {
  const date = new Date(iso);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** @param {string} iso */
export function dayLabel(iso) {
  const date = new Date(iso);
  const now = new Date();
  if (dayKey(iso) === dayKey(now.toISOString())) return gettext("Today");
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (dayKey(iso) === dayKey(yesterday.toISOString())) return gettext("Yesterday");
  return (date.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(date);
}

/** @param {string} iso the time today, the day before that */
export function shortTime(iso) {
  const date = new Date(iso);
  const now = new Date();
  if (dayKey(iso) === dayKey(now.toISOString())) return clockTime.format(date);
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
  return letters.map((word) => String.fromCodePoint(word.codePointAt(0) ?? 63)).join("").toUpperCase() || "?";
}

/**
 * Somebody's initials on a colour of their own.
 *
 * @param {HTMLElement} element
 * @param {{id: string, name: string} | undefined} member
 */
export function fillAvatar(element, member) {
  element.textContent = member ? initials(member.name) : "?";
  element.dataset.tint = String(member ? tint(member.id) : 0);
}

/** @param {string} id the end of a UUIDv7 is random, its beginning is time */
function tint(id) {
  return (Number.parseInt(id.slice(-6), 16) % TINTS) + 1;
}
