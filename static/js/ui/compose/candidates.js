/** @import {Conversation, Member} from "../../client/types.js" */

import { isInCode } from "./markdown.js";

/**
 * Whom or what somebody begins to name while they write.
 *
 * @typedef {{sign: "@" | "#" | ":", words: string, start: number}} Token `start` is where the sign stands
 */

// A sign begins a name where chat/markdown/names.py lets one begin: handles are ASCII, so any other letter may stand before it.
// After a sign that joins words there is one where another name stands before that, as in @ann/@bob, or nothing of a path.
const TOKEN =
  /(?<![A-Za-z0-9_@#:\\])(?:(?<![/+&=%$#-])|(?<=@[A-Za-z0-9._-]+[/+&=-])|(?<=\P{ASCII}\/)|(?<=(?:^|\P{ASCII}|[^A-Za-z0-9._@/+&=%$#-])[+&=-]))([@#:])([\p{L}\p{M}\p{N}\u200C\u200D._+-]{0,40})$/u;
const LEAST_EMOJI = 2; // letters after a colon: with fewer it ends a word, or is a smile

/** @type {WeakMap<Member, string[]>} what a member is found by; an organization has more members than a key has time for */
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
 * The members that `words` may mean, the likeliest first: those whose handle or name begins so, those who are here.
 *
 * @param {Iterable<Member>} members
 * @param {string} words lower-cased
 * @param {{most: number, here?: Set<string>, me?: string}} options `here`: members who take part in the conversation
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

/** @param {Iterable<Conversation>} conversations @param {string} words @param {number} most public channels, which others can follow a link to */
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
