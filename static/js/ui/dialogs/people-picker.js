/** @import {Client} from "../../client/client.js" */
/** @import {Member} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { OptionList } from "../lib/combobox.js";
import { clone, setText } from "../lib/dom.js";
import { fillAvatar } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { people } from "../lib/people.js";

const MOST_OFFERED = 8;
const TYPING_PAUSE = 150; // milliseconds after the last key before the server is asked for more
let count = 0;

/** A combobox to choose members by name. Chosen members are chips before the field. */
export class PeoplePicker {
  /** @type {string[]} member ids in the order in which they were chosen */
  chosen = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {Client} client
   * @param {HTMLElement} container
   * @param {{label: string, most?: number, without?: () => Set<string>, onChange?: () => void}} options
   */
  constructor(client, container, { label, most = 100, without = () => new Set(), onChange = () => {} }) {
    this.client = client;
    this.store = client.store;
    this.most = most;
    this.without = without;
    this.onChange = onChange;
    const { root, slots } = clone("people-picker");
    this.slots = slots;
    /** @type {HTMLInputElement} */
    this.input = slots.input;
    const prefix = `picker-${(count += 1)}`;
    this.input.id = `${prefix}-input`;
    slots.list.id = `${prefix}-list`;
    slots.label.htmlFor = this.input.id;
    slots.label.textContent = label;
    slots.list.setAttribute("aria-label", label);
    this.input.setAttribute("aria-controls", slots.list.id);
    /** @type {OptionList<Member>} */
    this.offered = new OptionList(this.input, slots.list, { option, id: ({ id }) => id, prefix, most: MOST_OFFERED });
    container.replaceChildren(root);
    this.input.addEventListener("input", () => this.#ask());
    this.input.addEventListener("focus", () => this.#ask());
    this.input.addEventListener("blur", () => this.#close());
    this.input.addEventListener("keydown", (event) => this.#onKey(event));
    slots.list.addEventListener("click", (/** @type {MouseEvent} */ event) =>
      this.#choose(this.offered.items[this.offered.indexOf(event)]),
    );
    slots.chips.addEventListener("click", (/** @type {MouseEvent} */ event) => this.#onChip(event));
  }

  clear() {
    this.chosen = [];
    this.input.value = "";
    this.#showChips();
    this.#close();
  }

  get #words() {
    return this.input.value.trim().toLowerCase().replace(/^@/, "");
  }

  /** Offer the members of the store at once, then those that the server finds: the store does not have all of them. */
  #ask() {
    this.#offer();
    const words = this.#words;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      try {
        await this.client.findMembers(words);
        if (words === this.#words && document.activeElement === this.input) this.#offer(true);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error; // the known ones can still be chosen
      }
    }, TYPING_PAUSE);
  }

  /** @param {boolean} [later] whether more was found for the same words */
  #offer(later) {
    const words = this.#words;
    const hidden = new Set([...this.without(), ...this.chosen]);
    const candidates = people(this.store).filter((member) => !hidden.has(member.id) && matches(member, words));
    this.offered.show(this.chosen.length < this.most ? candidates : [], later);
    const { length } = this.offered.items;
    this.slots.list.hidden = length === 0;
    this.slots.none.hidden = length > 0 || words === "";
    this.input.setAttribute("aria-expanded", String(length > 0));
  }

  #close() {
    this.slots.list.hidden = true;
    this.slots.none.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const open = !this.slots.list.hidden;
    const key = plainKey(event);
    if (!open && /^Arrow(Down|Up)$/.test(key)) {
      event.preventDefault();
      this.#ask();
    } else if (open && this.offered.move(key)) {
      event.preventDefault();
    } else if (key === "Enter" && open && this.input.value.trim()) {
      event.preventDefault();
      this.#choose(this.offered.active);
    } else if (key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    } else if (key === "Backspace" && this.input.value === "") {
      const last = this.chosen.at(-1);
      if (last) this.#remove(last);
    }
  }

  /** @param {MouseEvent} event */
  #onChip(event) {
    const chip = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-member]"));
    if (chip?.dataset.member) this.#remove(chip.dataset.member);
    this.input.focus();
  }

  /** @param {Member | undefined} member */
  #choose(member) {
    if (!member) return;
    this.chosen.push(member.id);
    this.input.value = "";
    this.#showChips();
    this.#offer();
    this.onChange();
  }

  /** @param {string} id */
  #remove(id) {
    this.chosen = this.chosen.filter((one) => one !== id);
    this.#showChips();
    this.#offer();
    this.onChange();
  }

  #showChips() {
    const chips = this.chosen.map((id) => {
      const { root, slots } = clone("picker-chip");
      const name = this.store.members.get(id)?.name ?? "";
      root.dataset.member = id;
      root.setAttribute("aria-label", interpolate(gettext("Remove %(name)s"), { name }));
      setText(slots.name, name);
      return root;
    });
    this.slots.chips.replaceChildren(...chips);
  }
}

/** @param {Member} member */
function option(member) {
  const { root, slots } = clone("picker-option");
  fillAvatar(slots.avatar, member);
  setText(slots.name, member.name);
  setText(slots.detail, `@${member.handle}`);
  return root;
}

/** @param {Member} member @param {string} words */
function matches(member, words) {
  return `${member.name} ${member.handle}`.toLowerCase().includes(words);
}
