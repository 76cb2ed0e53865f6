/**
 * Sets of sequence numbers as the wire writes them: inclusive ranges `[[from, to], …]`, ascending, with at least one number
 * missing between two of them. Every function takes such lists and returns new ones.
 *
 * @typedef {[number, number][]} Ranges
 */

/** @param {...Ranges} sets whose ranges may be in any order, overlap or touch @returns {Ranges} what is in any of them */
export function union(...sets) {
  /** @type {Ranges} */
  const merged = [];
  for (const [from, to] of sets.flat().sort((one, other) => one[0] - other[0])) {
    const last = merged[merged.length - 1];
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** @param {number[]} numbers @returns {Ranges} */
export function rangesOf(numbers) {
  return union(numbers.map((number) => [number, number]));
}

/** @param {Ranges} ranges @param {number} from @param {number} to @returns {Ranges} the part between the two, both included */
export function clip(ranges, from, to) {
  if (from > to) return [];
  return ranges.filter(([low, high]) => high >= from && low <= to).map(([low, high]) => [Math.max(low, from), Math.min(high, to)]);
}

/** @param {Ranges} ranges @param {number} from @param {number} to @returns {Ranges} what the set lacks between the two, both included */
export function gapsOf(ranges, from, to) {
  /** @type {Ranges} */
  const gaps = [];
  let next = from;
  for (const [low, high] of clip(ranges, from, to)) {
    if (low > next) gaps.push([next, low - 1]);
    next = high + 1;
  }
  if (next <= to) gaps.push([next, to]);
  return gaps;
}

/** @param {Ranges} ranges @param {number} number */
export function contains(ranges, number) {
  return ranges.some(([low, high]) => low <= number && number <= high);
}

/** @param {Ranges} ranges how many numbers they have */
export function sizeOf(ranges) {
  return ranges.reduce((sum, [low, high]) => sum + high - low + 1, 0);
}

/** @param {number} position @param {Ranges} ranges @returns {number} the end of what follows `position` without a gap */
export function closeOver(position, ranges) {
  return ranges.find(([low, high]) => low <= position + 1 && position + 1 <= high)?.[1] ?? position;
}
