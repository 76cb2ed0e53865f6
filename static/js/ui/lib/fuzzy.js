/**
 * Fuzzy matching for the palette: it finds the letters of a word in order, and prefers beginnings of words and adjacent
 * letters. It follows version 1 of the algorithm of fzf, which needs one pass and no table.
 */

const START = 8; // the first letter of the text
const WORD = 6; // the first letter of a word in it
const NEXT = 4; // directly after the previous letter
const GAP = 0.2; // for each skipped letter
const WHOLE = 12; // the text equals the word
const PLAIN = /^[ -~]*$/;

/** @param {string} text @returns {string} without accents and capitals */
export function fold(text) {
  if (PLAIN.test(text)) return text.toLowerCase(); // most texts are ASCII, and thousands are folded at once
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/**
 * Rate how well `text` contains every word of `query`; null if it lacks one. Both are folded.
 *
 * @param {string} query
 * @param {string} text
 * @returns {number | null} more is better; 0 for an empty query
 */
export function score(query, text) {
  let sum = 0;
  for (const word of query.split(" ")) {
    if (!word) continue;
    const found = scoreWord(word, text);
    if (found === null) return null;
    sum += found;
  }
  return text === query ? sum + WHOLE : sum;
}

/** @param {string} word @param {string} text */
function scoreWord(word, text) {
  const at = bestStart(word, text);
  if (at >= 0) return bonus(text, at) + (word.length - 1) * NEXT - Math.min(at, 20) * GAP;
  return scoreLetters(word, text);
}

/** @param {string} word @param {string} text @returns {number} the position of the whole word, if possible at the beginning of a word; -1 if it is missing */
function bestStart(word, text) {
  const first = text.indexOf(word);
  for (let at = first; at >= 0; at = text.indexOf(word, at + 1)) if (isBeginning(text, at)) return at;
  return first;
}

/** @param {string} word @param {string} text rates the letters one by one, backwards, which finds the shortest stretch */
function scoreLetters(word, text) {
  const end = lastOf(word, text);
  if (end < 0) return null;
  let sum = 0;
  let position = end;
  let after = end + 1;
  for (let index = word.length - 1; index >= 0; index -= 1) {
    while (text[position] !== word[index]) position -= 1;
    sum += index > 0 && text[position - 1] === word[index - 1] ? NEXT : bonus(text, position);
    sum -= (after - position - 1) * GAP;
    after = position;
    position -= 1;
  }
  return sum;
}

/** @param {string} word @param {string} text @returns {number} the position of the last letter, searching forwards */
function lastOf(word, text) {
  let at = -1;
  for (const letter of word) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return -1;
  }
  return at;
}

/** @param {string} text @param {number} at */
function bonus(text, at) {
  return at === 0 ? START : isBeginning(text, at) ? WORD : 0;
}

/** @param {string} text @param {number} at */
function isBeginning(text, at) {
  return at === 0 || /[\s\-_.#@/(]/.test(text.charAt(at - 1));
}

/**
 * Finds items. While the member continues a word, only the items that matched before are searched again: an item that lacks
 * the letters of a query in order also lacks those of a longer query.
 *
 * @template {{folded: string, weight?: number}} T `weight` is added to the points of a match
 */
export class Finder {
  /** @type {T[]} */
  #items;
  /** @type {T[]} those that match `#sought` */
  #left;
  #sought = "";

  /** @param {T[]} items */
  constructor(items) {
    this.#items = this.#left = items;
  }

  /**
   * Return the best `most` items, best first; equal ones keep their order.
   *
   * @param {string} query as it was typed
   * @param {number} most
   * @returns {T[]}
   */
  best(query, most) {
    const wanted = fold(query.trim());
    const among = wanted.startsWith(this.#sought) ? this.#left : this.#items;
    /** @type {T[]} */
    const left = [];
    /** @type {{item: T, points: number}[]} */
    const top = [];
    for (const item of among) {
      const points = score(wanted, item.folded);
      if (points === null) continue;
      left.push(item);
      insert(top, { item, points: points + (item.weight ?? 0) }, most);
    }
    this.#left = left;
    this.#sought = wanted;
    return top.map(({ item }) => item);
  }
}

/**
 * Find the best of `items` once: see `Finder`.
 *
 * @template {{folded: string, weight?: number}} T
 * @param {T[]} items
 * @param {string} query
 * @param {number} most
 * @returns {T[]}
 */
export function best(items, query, most) {
  return new Finder(items).best(query, most);
}

/**
 * Insert an item after those with as many points. Keeping a dozen in order costs less than sorting all.
 *
 * @template {{points: number}} F
 * @param {F[]} top
 * @param {F} found
 * @param {number} most
 */
function insert(top, found, most) {
  let index = top.length;
  while (index > 0 && (top[index - 1]?.points ?? 0) < found.points) index -= 1;
  if (index >= most) return;
  top.splice(index, 0, found);
  if (top.length > most) top.pop();
}
