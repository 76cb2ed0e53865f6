/**
 * Which rows of a message list are on the screen. Rows are added when the list shows them and removed when it drops them.
 * A row with several messages (replies in one thread) carries the first seq in data-first and the last one in data-seq.
 */
export class VisibleMessages {
  /** @type {Set<Element>} */
  #rows = new Set();

  /** @param {HTMLElement} scroller the element that scrolls the list @param {() => void} onChange */
  constructor(scroller, onChange) {
    this.onChange = onChange;
    this.observer = new IntersectionObserver((entries) => this.#update(entries), { root: scroller, rootMargin: "0px 0px -20px 0px" });
  }

  /** @param {HTMLElement} row */
  add(row) {
    this.observer.observe(row);
  }

  /** @param {HTMLElement} row */
  remove(row) {
    this.observer.unobserve(row);
    this.#rows.delete(row);
  }

  clear() {
    this.#rows.clear();
  }

  /** @param {Element} row */
  has(row) {
    return this.#rows.has(row);
  }

  get isEmpty() {
    return this.#rows.size === 0;
  }

  /** @returns {number[]} the seq of each row; of a row with several messages the last one */
  get seqs() {
    return [...this.#rows].map(seqOf).filter((seq) => seq > 0);
  }

  /** @returns {number} the lowest seq; Infinity when no message is on the screen */
  get first() {
    return Math.min(...[...this.#rows].map(firstSeqOf).filter((seq) => seq > 0));
  }

  /** @returns {number} the highest seq; 0 when no message is on the screen */
  get last() {
    return Math.max(0, ...this.seqs);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #update(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#rows.add(target);
      else this.#rows.delete(target);
    }
    this.onChange();
  }
}

/** @param {Element} row @returns {number} 0 for a row without a message, such as the name of a day */
export function seqOf(row) {
  return Number(/** @type {HTMLElement} */ (row).dataset.seq ?? 0);
}

/** @param {Element} row */
function firstSeqOf(row) {
  return Number(/** @type {HTMLElement} */ (row).dataset.first ?? seqOf(row));
}
