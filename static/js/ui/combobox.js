/** The options below a field: the focus stays in the field, arrows move, Enter and a press choose. */

/**
 * @typedef {object} Options
 * @property {(index: number) => void} onChoose
 * @property {string} prefix of the ids of the options
 */

export class Combobox {
  #active = 0;

  /** @param {HTMLInputElement} input with role="combobox" @param {HTMLElement} list with role="listbox" @param {Options} options */
  constructor(input, list, { onChoose, prefix }) {
    this.input = input;
    this.list = list;
    this.onChoose = onChoose;
    this.prefix = prefix;
    input.addEventListener("keydown", (event) => this.#onKey(event));
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => this.#onPress(event));
    list.addEventListener("pointermove", (event) => this.#onPress(event, false));
  }

  /** @param {HTMLElement[]} options each with role="option" @param {Element[]} [content] all of the list, with headings in between */
  show(options, content = options) {
    options.forEach((option, index) => (option.id = `${this.prefix}-${index}`));
    this.options = options;
    this.list.scrollTop = 0; // before it changes: after that the page would be laid out now and once more in its frame
    this.list.replaceChildren(...content);
    this.#setActive(0);
    this.input.setAttribute("aria-expanded", String(options.length > 0));
  }

  /** @type {HTMLElement[]} */
  options = [];

  /** @param {number} index */
  #setActive(index) {
    this.options[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = Math.min(index, Math.max(0, this.options.length - 1));
    const option = this.options[this.#active];
    option?.setAttribute("aria-selected", "true");
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.isComposing) return;
    const { length } = this.options;
    const to = { ArrowDown: this.#active + 1, ArrowUp: this.#active - 1 + length, PageDown: Math.min(this.#active + 8, length - 1), PageUp: Math.max(this.#active - 8, 0) }[event.key];
    if (to !== undefined && length > 0) {
      event.preventDefault();
      this.#setActive(to % length);
      this.options[this.#active].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && length > 0) {
      event.preventDefault();
      this.onChoose(this.#active);
    }
  }

  /** @param {MouseEvent} event @param {boolean} [choose] else it is made the active one */
  #onPress(event, choose = true) {
    const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
    const index = this.options.indexOf(/** @type {HTMLElement} */ (option));
    if (index < 0) return;
    if (choose) this.onChoose(index);
    else if (index !== this.#active) this.#setActive(index);
  }
}
