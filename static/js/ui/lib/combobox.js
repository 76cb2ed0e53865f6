import { plainKey } from "./keys.js";

/**
 * How a list shows its options.
 *
 * @template T
 * @typedef {object} Look
 * @property {string} prefix of the ids of the options
 * @property {number} most shown at once
 * @property {(item: T) => HTMLElement} option with role="option"
 * @property {(item: T) => string} id identifies the item; "" for one that gives way to any other
 */

/**
 * The options below a field, one of which is active. The focus stays in the field. Options that are found later never change
 * which one Enter chooses or the pointer is over: the member would write to somebody else.
 *
 * @template T
 */
export class OptionList {
  /** @type {T[]} */
  items = [];
  /** @type {HTMLElement[]} */
  #options = [];
  #active = 0;
  #isInUse = false; // the member moves among the options with keys or the pointer

  /** @param {HTMLElement} input @param {HTMLElement} list with role="listbox" @param {Look<T>} look */
  constructor(input, list, look) {
    this.input = input;
    this.list = list;
    this.look = look;
    for (const type of ["pointerdown", "pointermove"]) list.addEventListener(type, () => (this.#isInUse = true));
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  }

  get active() {
    return this.items[this.#active];
  }

  /** @param {T[]} found best match first @param {boolean} [later] whether these are more options for the same words */
  show(found, later = false) {
    if (later && this.#isInUse) this.#append(found);
    else this.#replace(found, later ? this.active : undefined);
  }

  /** @param {T[]} found @param {T} [kept] the active one, which stays active */
  #replace(found, kept) {
    const { id, most } = this.look;
    const name = kept && id(kept);
    this.items = found.slice(0, most);
    this.#options = this.items.map((item, index) => this.#optionOf(item, index));
    this.#isInUse = false;
    this.list.scrollTop = 0; // before the change, because reading or writing it afterwards would lay out the page twice
    this.list.replaceChildren(...this.#options);
    this.setActive(
      name
        ? Math.max(
            0,
            this.items.findIndex((item) => id(item) === name),
          )
        : 0,
    );
  }

  /** @param {T[]} found */
  #append(found) {
    const { id, most } = this.look;
    const known = new Set(this.items.map(id));
    const more = found.filter((item) => !known.has(id(item))).slice(0, Math.max(0, most - this.items.length));
    const options = more.map((item, index) => this.#optionOf(item, this.items.length + index));
    this.items.push(...more);
    this.#options.push(...options);
    this.list.append(...options);
  }

  /** @param {T} item @param {number} index */
  #optionOf(item, index) {
    const option = this.look.option(item);
    option.id = `${this.look.prefix}-${index}`;
    return option;
  }

  /** @param {string} key @returns {boolean} whether it moves among the options */
  move(key) {
    const { length } = this.items;
    const at = this.#active;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + length, PageDown: Math.min(at + 8, length - 1), PageUp: Math.max(at - 8, 0) }[key];
    if (to === undefined || length === 0) return false;
    this.#isInUse = true;
    this.setActive(to % length);
    this.#options[this.#active]?.scrollIntoView({ block: "nearest" });
    return true;
  }

  /** @param {number} index */
  setActive(index) {
    for (const option of this.#options) if (option.getAttribute("aria-selected") === "true") option.setAttribute("aria-selected", "false");
    this.#active = index;
    const option = this.#options[index];
    option?.setAttribute("aria-selected", "true");
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {Event} event @returns {number} index of the option in which it happened; -1 for none */
  indexOf({ target }) {
    const option = target instanceof Element ? target.closest("[role=option]") : null;
    return this.#options.indexOf(/** @type {HTMLElement} */ (option));
  }
}

/**
 * A field with its options: arrow keys move, Enter or a press chooses, and the option under the pointer becomes active.
 *
 * @template T
 * @extends {OptionList<T>}
 */
export class Combobox extends OptionList {
  /** @param {HTMLInputElement} input with role="combobox" @param {HTMLElement} list @param {Look<T> & {onChoose: (item: T) => void}} look */
  constructor(input, list, look) {
    super(input, list, look);
    this.onChoose = look.onChoose;
    input.addEventListener("keydown", (event) => this.#onKey(event));
    list.addEventListener("click", (event) => this.#onPress(event));
    list.addEventListener("pointermove", (event) => this.#onPoint(event));
  }

  /** @override @param {T[]} found @param {boolean} [later] */
  show(found, later) {
    super.show(found, later);
    this.input.setAttribute("aria-expanded", String(this.items.length > 0));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const key = plainKey(event);
    if (key === "Enter" && this.active !== undefined) this.onChoose(this.active);
    else if (!this.move(key)) return;
    event.preventDefault();
  }

  /** @param {Event} event */
  #onPress(event) {
    const item = this.items[this.indexOf(event)];
    if (item !== undefined) this.onChoose(item);
  }

  /** @param {Event} event */
  #onPoint(event) {
    const index = this.indexOf(event);
    if (index >= 0 && this.items[index] !== this.active) this.setActive(index);
  }
}
