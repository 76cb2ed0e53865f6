/** @import {Field} from "./writing.js" */

import { plainKey } from "../lib/keys.js";
import { chooseFormatting, showsFormatting } from "./habits.js";

/** Show the tools at all times, or no longer, and remember that. */
export function toggleFormatting() {
  chooseFormatting(!showsFormatting());
  showChoice();
}

/** Show the choice in the buttons of all fields, and in the menu. */
function showChoice() {
  for (const button of document.querySelectorAll("[data-tool=formatting]")) {
    const state = button.getAttribute("role") === "menuitemcheckbox" ? "aria-checked" : "aria-pressed";
    button.setAttribute(state, String(showsFormatting()));
  }
}

/**
 * The formatting tools of a field. They lie above it while text is selected, or in it at all times if the member wants that.
 * They are one stop of the Tab key, and arrow keys move in them.
 */
export class FormattingBar {
  /** @param {Field} field */
  constructor(field) {
    this.field = field;
    /** @type {HTMLElement} */
    this.bar = field.slots.tools;
    showChoice();
    for (const type of ["select", "keyup", "pointerup", "input", "focus"]) field.input.addEventListener(type, () => this.#follow());
    for (const element of [field.input, this.bar]) {
      element.addEventListener("focusout", (event) => this.#follow(/** @type {FocusEvent} */ (event).relatedTarget));
    }
    field.root.addEventListener("mousedown", (event) => this.#keepFocus(event));
    this.bar.addEventListener("keydown", (event) => this.#onKey(event));
    this.#setStop(0);
  }

  /** @returns {HTMLElement[]} */
  get #tools() {
    return [...this.bar.querySelectorAll("button")];
  }

  /** @param {EventTarget | null} [focused] the element that has the focus, or is about to get it */
  #follow(focused = document.activeElement) {
    const { input, root } = this.field;
    const isHere = focused === input || (focused instanceof Node && this.bar.contains(focused));
    root.toggleAttribute("data-selects", isHere && input.selectionStart !== input.selectionEnd);
  }

  /** A press on a tool must not take the focus from the field, because its selection would be hidden. @param {MouseEvent} event */
  #keepFocus(event) {
    const button = event.target instanceof Element ? event.target.closest("[data-tool]") : null;
    if (button && (this.bar.contains(button) || button.matches("[data-tool=formatting]"))) event.preventDefault();
  }

  /** Make one of the tools reachable with Tab. @param {number} index */
  #setStop(index) {
    for (const [at, tool] of this.#tools.entries()) tool.tabIndex = at === index ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const tools = this.#tools;
    const key = plainKey(event);
    const index = tools.indexOf(/** @type {HTMLElement} */ (event.target));
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1 + tools.length, Home: 0, End: tools.length - 1 }[key];
    if (index < 0 || (to === undefined && key !== "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    if (to === undefined) return this.field.focus();
    this.#setStop(to % tools.length);
    tools[to % tools.length]?.focus();
  }
}
