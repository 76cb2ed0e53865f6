/** @import {Conversation, Member} from "../../client/types.js" */

import { isInCode } from "./markdown.js";

/**
 * The beginning of a name before the caret, for which completions are offered.
 *
 * @typedef {{sign: "@" | "#" | ":", words: string, start: number}} Token `start` is the position of the sign
 */

// A sign begins a name where chat/markdown/names.py lets one begin. Handles are ASCII, so another letter may precede the sign.
// After a character that joins words a name begins if another name precedes that character, as in @ann/@bob, but not in a path.
const TOKEN =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: the joiners are part of words in Persian and in Indic scripts
  /(?<![A-Za-z0-9_@#:\\])(?:(?<![/+&=%$#-])|(?<=@[A-Za-z0-9._-]+[/+&=-])|(?<=\P{ASCII}\/)|(?<=(?:^|\P{ASCII}|[^A-Za-z0-9._@/+&=%$#-])[+&=-]))([@#:])([\p{L}\p{M}\p{N}\u200C\u200D._+-]{0,40})$/u;
const LEAST_EMOJI = 2; // letters after a colon; with fewer the colon ends a word or is part of a smiley

/** @type {WeakMap<Member, string[]>} the words by which a member is found, cached because computing them for every member at each key takes too long */
const spelled = new WeakMap();

/** @param {string} text @param {number} caret @returns {Token | null} */
export function tokenAt(text, caret) {
  const before = text.slice(0, caret);
  const found = TOKEN.exec(before);
  if (!found || isInCode(before)) return null;
  const [, sign, words = ""] = found;
  if (sign === ":" && words.length < LEAST_EMOJI) return null;
  return { sign: /** @type {Token["sign"]} */ (sign), words: words.normalize("NFC").toLowerCase(), start: found.index };
}

/**
 * Find members by the beginning of their handle or name, best match first. Participants of the conversation come before others.
 *
 * @param {Iterable<Member>} members
 * @param {string} words lower-cased
 * @param {{most: number, here?: Set<string>, me?: string}} options `here`: the participants of the conversation
 */
export function findMembers(members, words, { most, here = new Set(), me = "" }) {
  /** @type {[number, Member][]} */
  const found = [];
  for (const member of members) {
    if (member.deactivated_at) continue;
    const score = words ? scoreOf(spellings(member), words) : 3;
    if (score > 0) found.push([score * 4 + (here.has(member.id) ? 2 : 0) - (member.id === me ? 3 : 0), member]);
  }
  found.sort(([one, first], [other, second]) => other - one || first.name.localeCompare(second.name));
  return found.slice(0, most).map(([, member]) => member);
}

/** @param {Iterable<Conversation>} conversations @param {string} words @param {number} most returns public channels only, because everybody can open a link to them */
export function findChannels(conversations, words, most) {
  const found = [...conversations].filter(({ kind, name, archived_at }) => kind === "public" && !archived_at && name?.includes(words));
  found.sort(
    (one, other) =>
      Number(other.name?.startsWith(words)) - Number(one.name?.startsWith(words)) || (one.name ?? "").localeCompare(other.name ?? ""),
  );
  return found.slice(0, most);
}

/** @param {Member} member @returns {string[]} the handle, then the words of the name */
function spellings(member) {
  let found = spelled.get(member);
  if (!found) {
    found = [member.handle.toLowerCase(), ...member.name.toLowerCase().split(/\s+/)];
    spelled.set(member, found);
  }
  return found;
}

/** @param {string[]} spellings @param {string} words */
function scoreOf([handle = "", ...names], words) {
  if (handle.startsWith(words) || names[0]?.startsWith(words)) return 3;
  if (names.some((name) => name.startsWith(words))) return 2;
  return handle.includes(words) || names.some((name) => name.includes(words)) ? 1 : 0;
}
