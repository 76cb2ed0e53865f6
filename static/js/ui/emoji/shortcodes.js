/**
 * Converts `:name:` (with the names of Slack, GitHub and Discord) and smileys in a text to emoji. Pure functions; the caller
 * looks up the names.
 *
 * Code and addresses stay as they are, and so do colons next to letters or digits: 10:30:45 stays a time.
 *
 * @typedef {(code: string, tone: number) => string | undefined} Lookup the emoji with this short name
 */

/** @type {Record<string, string>} */
const SMILEYS = {
  ":)": "🙂",
  ":-)": "🙂",
  "(:": "🙂",
  ":D": "😃",
  ":-D": "😃",
  ";)": "😉",
  ";-)": "😉",
  ":(": "🙁",
  ":-(": "🙁",
  ":'(": "😢",
  ":'-(": "😢",
  ":P": "😛",
  ":p": "😛",
  ":-P": "😛",
  ":-p": "😛",
  ":O": "😮",
  ":o": "😮",
  ":-O": "😮",
  ":-o": "😮",
  ":/": "😕",
  ":-/": "😕",
  ":|": "😐",
  ":-|": "😐",
  ":*": "😘",
  ":-*": "😘",
  ">:(": "😠",
  "<3": "❤️",
  "</3": "💔",
};
const FENCE = "^(?:> ?)* {0,3}(`{3,}|~{3,})[^]*?(?:^(?:> ?)* {0,3}\\1[`~]*[ \\t]*$|$(?![^]))";
const LITERAL = new RegExp(
  [FENCE, "(`+)[^`](?:[^]*?[^`])?\\2(?!`)", "[a-z][a-z0-9+.-]*://\\S+", "www\\.\\S+", "^(?: {4}|\\t).*$"].join("|"),
  "gim",
);
const CODES = /(?<![\p{L}\p{N}_/:])(?::[a-z0-9_+-]+:)+(?![\p{L}\p{N}_/:])/giu;
const CODE = /:([a-z0-9_+-]+):/giu;
const SIGNS = Object.keys(SMILEYS)
  .sort((one, other) => other.length - one.length)
  .map((one) => one.replace(/[/()|*']/g, "\\$&"));
const SMILEY = new RegExp(`(?<=^|\\s)(?:${SIGNS.join("|")})(?=$|[\\s.,!?])`, "g");
const TONE = /^skin-tone-([2-6])$/; // as Slack writes it, after the emoji

/** @param {string} text @returns {boolean} whether it contains something like an emoji name */
export const hasNames = (text) => text.search(CODES) >= 0;

/**
 * @param {string} text
 * @param {{lookup: Lookup, smileys: boolean, kept?: ReadonlySet<string>}} options `kept`: names and smileys that
 *   the member restored and that therefore stay
 */
export function withEmojis(text, { lookup, smileys, kept = new Set() }) {
  let done = "";
  let at = 0;
  for (const found of text.matchAll(LITERAL)) {
    done += converted(text.slice(at, found.index), { lookup, smileys, kept }, text[at - 1]) + found[0];
    at = found.index + found[0].length;
  }
  return done + converted(text.slice(at), { lookup, smileys, kept }, text[at - 1]);
}

/** @param {string} part @param {{lookup: Lookup, smileys: boolean, kept: ReadonlySet<string>}} options @param {string} [before] the character before it */
function converted(part, { lookup, smileys, kept }, before) {
  const named = part.replace(CODES, (run, at) => (at === 0 && before?.trim() ? run : kept.has(run) ? run : withNames(run, lookup)));
  return smileys
    ? named.replace(SMILEY, (signs, at) => ((at === 0 && before?.trim()) || kept.has(signs) ? signs : (SMILEYS[signs] ?? signs)))
    : named;
}

/** @param {string} run of consecutive names @param {Lookup} lookup */
function withNames(run, lookup) {
  const codes = [...run.matchAll(CODE)].map(([, code = ""]) => code);
  return codes.reduce((text, code, index) => {
    if (TONE.test(code) && index > 0) return text;
    const tone = Number(TONE.exec(codes[index + 1] ?? "")?.[1] ?? 0) - 1;
    return text + (lookup(code, tone) ?? `:${code}:`);
  }, "");
}

/**
 * Find what was just typed and becomes an emoji: a name that ends at the caret with its second colon, or a smiley followed
 * by a space.
 *
 * @param {string} before the text up to the caret, which is not in code
 * @param {{lookup: Lookup, smileys: boolean, kept: ReadonlySet<string>}} options
 * @returns {{from: number, to: number, typed: string, emoji: string} | null}
 */
export function justTyped(before, { lookup, smileys, kept }) {
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const [word] = /\S*\s?$/.exec(line) ?? [""];
  if (/:\/\/|^www\./i.test(word)) return null;
  const [typed] = (word.endsWith(":") ? /(?<![\p{L}\p{N}_/:]):[a-z0-9_+-]+:$/iu : /(?<=^|\s)\S+(?=\s$)/u).exec(before) ?? [];
  if (!typed || kept.has(typed)) return null;
  const emoji = word.endsWith(":") ? lookup(typed.slice(1, -1), 0) : smileys && Object.hasOwn(SMILEYS, typed) ? SMILEYS[typed] : undefined;
  if (!emoji) return null;
  const to = before.length - (word.endsWith(":") ? 0 : 1);
  return { from: to - typed.length, to, typed, emoji };
}
