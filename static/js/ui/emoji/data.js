import { once } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";

/**
 * @typedef {object} Emoji
 * @property {string} emoji without a skin tone
 * @property {string} name the one that is shown and read out
 * @property {number} group
 * @property {string} way where a skin tone goes, see list.js
 * @property {string[]} codes short names, as written between colons
 * @property {string} words further words that find it
 */

const TONE = "parley:emoji-tone"; // of this browser: 1 to 5
const RECENT = "parley:emoji-recent";
const MOST_RECENT = 27; // three rows
const TONES = ["", "🏻", "🏼", "🏽", "🏾", "🏿"];
const PERSON = /([🧑👨👩🫱🫲])\uFE0F?/gu;

/** Names of the groups, by their number in list.js. */
export const GROUPS = new Map([
  [0, gettext("Smileys")],
  [1, gettext("People")],
  [3, gettext("Animals and nature")],
  [4, gettext("Food and drink")],
  [5, gettext("Travel and places")],
  [6, gettext("Activities")],
  [7, gettext("Objects")],
  [8, gettext("Symbols")],
  [9, gettext("Flags")],
]);

/** @type {Map<string, Emoji>} by short name; empty until `loadEmojis` is done */
const byCode = new Map();
/** @type {Emoji[]} */
let all = [];

/** Fetch the list once. It is as large as the rest of the page. @returns {Promise<Emoji[]>} */
export const loadEmojis = once(async () => {
  const { LINES } = await import("./list.js");
  all = LINES.map((line) => {
    const [emoji = "", name = "", group, way = "0", codes = "", words = ""] = line.split("\t");
    return { emoji, name, group: Number(group), way, codes: codes.split(" "), words };
  });
  for (const one of all) for (const code of one.codes) byCode.set(code, one);
  return all;
});

/** @returns {Emoji[]} empty until they are loaded */
export const loadedEmojis = () => all;

/** @param {string} code without colons @returns {Emoji | undefined} */
export const emojiOf = (code) => byCode.get(code.toLowerCase());

/** @param {Emoji} emoji @param {number} [tone] 0 to 5 */
export function toned({ emoji, way }, tone = skinTone()) {
  const sign = TONES[tone];
  if (!sign || way === "0") return emoji;
  if (way === "2") return emoji.replace(PERSON, `$1${sign}`);
  const [first, ...rest] = emoji;
  return first + sign + rest.join("").replace(/^\uFE0F/, "");
}

/** @returns {number} the skin tone that was chosen in this browser; 0 for none */
export const skinTone = () => Number(localStorage.getItem(TONE)) || 0;

/** @param {number} tone */
export const keepSkinTone = (tone) => localStorage.setItem(TONE, String(tone));

/** @returns {Emoji[]} the recently chosen ones, the latest first */
export function recentEmojis() {
  const codes = (localStorage.getItem(RECENT) ?? "").split(" ");
  return codes.map((code) => byCode.get(code)).filter((one) => one !== undefined);
}

/** @param {Emoji} emoji */
export function rememberEmoji({ codes: [code] }) {
  const before = (localStorage.getItem(RECENT) ?? "").split(" ").filter((one) => one && one !== code);
  localStorage.setItem(RECENT, [code, ...before].slice(0, MOST_RECENT).join(" "));
}

/**
 * Find emoji by words, best match first: by a short name, then by the name, then by further words.
 *
 * @param {Emoji[]} emojis
 * @param {string} words lower-cased
 * @param {number} most
 */
export function findEmojis(emojis, words, most) {
  const code = words.replace(/[\s-]+/g, "_");
  const plain = words.replace(/[_-]+/g, " ").trim();
  /** @param {Emoji} one */
  const score = ({ codes, name, words: more }) => {
    if (codes.includes(code)) return 4;
    if (codes.some((each) => each.startsWith(code))) return 3;
    if (` ${name}`.includes(` ${plain}`)) return 2;
    return ` ${more}`.includes(` ${plain}`) || codes.some((each) => each.includes(`_${code}`)) ? 1 : 0;
  };
  const found = emojis.map((one) => ({ one, points: score(one) })).filter(({ points }) => points > 0);
  return found
    .sort((one, other) => other.points - one.points)
    .slice(0, most)
    .map(({ one }) => one);
}
