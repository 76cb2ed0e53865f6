/** @import {Offer} from "./search-offers.js" */
/** @import {App} from "../shell/app.js" */

import { ApiError } from "../../client/api.js";
import { serverClock } from "../../client/clock.js";
import { OptionList } from "../lib/combobox.js";
import { byId } from "../lib/dom.js";
import { best, fold } from "../lib/fuzzy.js";
import { gettext } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { conversationOffers, offerOption, peopleOffers } from "./search-offers.js";
import { dayBefore, operatorAt } from "./search-operators.js";

const MOST_OFFERED = 7;
const TYPING_PAUSE = 150; // milliseconds after the last key before the server is asked for more

/** Completes operators in the search field: the operator itself, then people, conversations or days for it. */
export class SearchCompletion {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {App} app @param {HTMLInputElement} input */
  constructor(app, input) {
    this.app = app;
    this.input = input;
    /** @type {HTMLElement} */
    this.list = byId("search-completion");
    /** @type {OptionList<Offer>} */
    this.options = new OptionList(input, this.list, {
      option: offerOption,
      id: ({ id }) => id,
      prefix: "search-completion",
      most: MOST_OFFERED,
    });
    input.addEventListener("input", () => this.#ask());
    input.addEventListener("blur", () => this.close());
    input.addEventListener("keydown", (event) => this.#onKey(event));
    this.list.addEventListener("click", (event) => this.#choose(this.options.items[this.options.indexOf(event)]));
  }

  close() {
    clearTimeout(this.#timer);
    this.#show([]);
  }

  get #typed() {
    return operatorAt(this.input.value, this.input.selectionStart ?? this.input.value.length);
  }

  /** Offer what is known at once, then what the server finds. */
  #ask() {
    this.#offer();
    clearTimeout(this.#timer);
    const typed = this.#typed;
    if (typed?.name !== "from") return;
    this.#timer = setTimeout(async () => {
      try {
        await this.app.client.findMembers(typed.words);
        if (typed.words === this.#typed?.words && document.activeElement === this.input) this.#offer(true);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error; // the known ones can still be chosen
      }
    }, TYPING_PAUSE);
  }

  /** @param {boolean} [later] whether more was found for the same words */
  #offer(later) {
    const typed = this.#typed;
    if (!typed) this.#show([]);
    else if (!typed.name) this.#show(typed.words ? operators().filter(({ folded }) => folded.startsWith(fold(typed.words))) : []);
    else this.#show(best(this.#valuesOf(typed.name), typed.words, MOST_OFFERED), later);
  }

  /** @param {string} name of an operator @returns {Offer[]} */
  #valuesOf(name) {
    if (name === "from") return peopleOffers(this.app);
    return name === "in" ? conversationOffers(this.app).filter(({ value }) => value) : days();
  }

  /** @param {Offer[]} found @param {boolean} [later] */
  #show(found, later) {
    this.options.show(found, later);
    this.list.hidden = this.options.items.length === 0;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    if (this.list.hidden) this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (this.list.hidden) return;
    const key = plainKey(event);
    if (key === "Escape") this.close();
    else if (key === "Enter" || key === "Tab") this.#choose(this.options.active);
    else if (!this.options.move(key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {Offer | undefined} offer replaces what is typed of the operator */
  #choose(offer) {
    const typed = this.#typed;
    if (!offer || !typed) return;
    const text = typed.name ? `${typed.name}:${offer.value} ` : (offer.value ?? "");
    this.input.setRangeText(text, typed.start, typed.end, "end");
    this.input.focus();
    this.#ask();
  }
}

/** @returns {Offer[]} */
function operators() {
  const all = [
    { name: "from:", detail: gettext("somebody"), icon: "person" },
    { name: "in:", detail: gettext("a channel or a direct message"), icon: "hash" },
    { name: "after:", detail: gettext("a day"), icon: "clock" },
    { name: "before:", detail: gettext("a day"), icon: "clock" },
  ];
  return all.map(({ name, detail, icon }) => ({ id: name, folded: name, label: name, detail, icon, value: name }));
}

/** @returns {Offer[]} */
function days() {
  const all = [
    { label: gettext("Today"), back: 0 },
    { label: gettext("Yesterday"), back: 1 },
    { label: gettext("A week ago"), back: 7 },
    { label: gettext("A month ago"), back: 30 },
    { label: gettext("A year ago"), back: 365 },
  ];
  return all.map(({ label, back }) => {
    const value = dayBefore(serverClock.calendar(), back);
    return { id: value, folded: fold(`${label} ${value}`), label, detail: value, value, icon: "clock" };
  });
}
