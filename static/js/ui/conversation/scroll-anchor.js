const AT_END = 48; // pixels from the end of a list within which the member counts as being at its end

/** @param {HTMLElement} scroller @returns {number} pixels of the content below the visible part */
export function distanceToEnd({ scrollTop, scrollHeight, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight;
}

/** @param {HTMLElement} scroller @returns {boolean} whether the end of the content is visible, or nearly */
export function isAtEnd(scroller) {
  return distanceToEnd(scroller) < AT_END;
}

/** @typedef {{row: Element | undefined, bottom: number, atEnd: boolean, size: string}} Anchor */

/**
 * Keeps the visible part of a message list at the same position while rows are added or removed above and below it. A
 * member at the end of the list stays at the end. Browsers have this built in, but each anchors differently.
 */
export class ScrollAnchor {
  /** @type {Anchor | null} */
  #anchor = null;

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} list
   * @param {() => boolean} isBehind whether the conversation continues below the rows of the list
   */
  constructor(scroller, list, isBehind) {
    this.scroller = scroller;
    this.list = list;
    this.isBehind = isBehind;
  }

  /** Whether the member is at the end of the conversation, where new messages appear. */
  get followsEnd() {
    return isAtEnd(this.scroller) && !this.isBehind();
  }

  /** @param {() => void} change changes the rows of the list */
  keep(change) {
    this.correct();
    change();
    this.#restore();
    this.note();
  }

  /** Restore the position if something other than scrolling has moved the rows: an image that loaded, a new width. */
  correct() {
    if (this.#anchor && this.#anchor.size !== this.#size) this.#restore();
    this.note();
  }

  /** Remember the present position. */
  note() {
    const atEnd = this.followsEnd;
    const row = atEnd ? undefined : this.#firstVisible();
    this.#anchor = { row, bottom: row?.getBoundingClientRect().bottom ?? 0, atEnd, size: this.#size };
  }

  forget() {
    this.#anchor = null;
  }

  #restore() {
    const { scroller } = this;
    const { row, bottom = 0, atEnd } = this.#anchor ?? {};
    if (atEnd && !this.isBehind()) scroller.scrollTop = scroller.scrollHeight;
    else if (row?.isConnected) {
      // The bottom of the row is compared, because its top moves when its author's name moves to a message above it.
      const moved = row.getBoundingClientRect().bottom - bottom;
      if (Math.abs(moved) >= 1) scroller.scrollTop += moved;
    }
  }

  get #size() {
    const { clientWidth, clientHeight, scrollHeight } = this.scroller;
    return `${clientWidth} ${clientHeight} ${scrollHeight}`;
  }

  /** @returns {Element | undefined} the first message that ends below the top of the visible part, by binary search */
  #firstVisible() {
    const top = this.scroller.getBoundingClientRect().top;
    const messages = this.list.querySelectorAll(".message, .activity");
    let low = 0;
    let high = messages.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {Element} */ (messages[middle]).getBoundingClientRect().bottom > top + 1) high = middle;
      else low = middle + 1;
    }
    return messages[low];
  }
}
