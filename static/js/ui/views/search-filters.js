/** @import {App} from "../shell/app.js" */
/** @import {Conversation, Member} from "../../client/types.js" */

import { browseChannels } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { Combobox } from "../lib/combobox.js";
import { byId, clone, setIcon, setText } from "../lib/dom.js";
import { fillAvatar, longDay } from "../lib/format.js";
import { best, fold } from "../lib/fuzzy.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { openMenu } from "../lib/menu.js";
import { conversationIcon, conversationTitle, isChannel, memberName } from "../lib/names.js";
import { people } from "../lib/people.js";
import { isRealDay, parse } from "./search-operators.js";

const MOST_OFFERED = 7;
const TYPING_PAUSE = 150; // milliseconds after the last key before the server is asked for more

/** @typedef {"author" | "conversation" | "after" | "before"} Name */
/** @typedef {{id: string, folded: string, label: string, detail: string, member?: Member, icon?: string}} Offer */

/** The filters of a search: a chip for each, with buttons to choose a value and to remove it. */
export class Filters {
  /** @type {Record<string, string>} by name: an id, or a day */
  query = {};
  /** @type {Name} the one that is being chosen */
  #name = "author";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {App} app @param {(query: Record<string, string>) => void} onChange */
  constructor(app, onChange) {
    this.app = app;
    this.onChange = onChange;
    /** @type {HTMLElement} */
    this.row = byId("search-filters");
    /** @type {HTMLElement} */
    this.menu = byId("filter-menu");
    /** @type {HTMLInputElement} */
    this.input = byId("filter-input");
    /** @type {HTMLElement} */
    this.days = byId("filter-days");
    this.box = new Combobox(this.input, byId("filter-list"), {
      onChoose: (offer) => this.#set(offer.id),
      option,
      id: ({ id }) => id,
      prefix: "filter",
      most: MOST_OFFERED,
    });
    this.row.addEventListener("click", (event) => this.#onClick(event));
    this.input.addEventListener("input", () => this.#ask());
    byId("filter-day").addEventListener("change", (/** @type {Event} */ event) => this.#onDay(event));
    byId("filter-day-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#set(byId("filter-day").value);
    });
  }

  /**
   * Take the filters from an address, including operators among the words. Throws ApiError.
   *
   * @param {URLSearchParams} given
   * @returns {Promise<Record<string, string> | null>} the same query without operators; null if it has none
   */
  async read(given) {
    const { words, from, in: channel, before, after } = parse(given.get("q") ?? "");
    const typed = {
      ...(from && (await this.#author(from))),
      ...(channel && (await this.#conversation(channel))),
      ...(before && { before }),
      ...(after && { after }),
    };
    const kept = Object.fromEntries([...given].filter(([name, value]) => isGood(name, value)));
    this.query = { ...kept, ...typed };
    this.#render();
    void this.#learn();
    if (Object.keys(typed).length === 0) return null;
    return {
      q: unresolved(words, { from: from && !typed.author ? from : "", in: channel && !typed.conversation ? channel : "" }),
      ...this.query,
    };
  }

  /** @param {string} handle @returns {Promise<{author: string} | undefined>} */
  async #author(handle) {
    const { store, client } = this.app;
    const wanted = fold(handle);
    const find = () => [...store.members.values()].find((member) => fold(member.handle) === wanted || fold(member.name) === wanted);
    if (wanted === "me") return { author: store.me };
    if (!find()) await client.findMembers(handle);
    const member = find();
    return member && { author: member.id };
  }

  /** @param {string} name @returns {Promise<{conversation: string} | undefined>} */
  async #conversation(name) {
    const { store, client } = this.app;
    const wanted = fold(name);
    const isIt = (/** @type {Conversation} */ one) =>
      isChannel(one)
        ? fold(one.name ?? "") === wanted
        : one.kind === "direct" && one.people.some((id) => id !== store.me && fold(store.members.get(id)?.handle ?? "") === wanted);
    const known = [...store.conversations.values()].find(isIt);
    if (known) return { conversation: known.id };
    const found = this.app.config.rights.includes("browse") ? (await browseChannels(client, name)).find(isIt) : undefined;
    if (!found) return undefined;
    await client.loadConversation(found.id);
    return { conversation: found.id };
  }

  /** Fetch the member and the conversation of the filters, if the store lacks them. */
  async #learn() {
    const { author, conversation } = this.query;
    const { store, client } = this.app;
    try {
      if (author && !store.members.has(author)) store.putMember(await client.api.get(`members/${author}`));
      if (conversation && !store.conversations.has(conversation)) await client.loadConversation(conversation);
      this.#render();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the chip is shown without a name
    }
  }

  #render() {
    for (const chip of this.row.querySelectorAll("[data-filter]")) {
      const name = /** @type {Name} */ (chip.getAttribute("data-filter"));
      const value = this.query[name];
      const open = /** @type {HTMLElement} */ (chip.querySelector("[data-open]"));
      const clear = /** @type {HTMLElement} */ (chip.querySelector("[data-clear]"));
      chip.classList.toggle("is-set", Boolean(value));
      setText(/** @type {Element} */ (open.querySelector("[data-value]")), value ? this.#say(name, value) : "");
      clear.hidden = !value;
      clear.setAttribute(
        "aria-label",
        interpolate(gettext("Remove the filter %(name)s"), { name: open.textContent?.replace(/\s+/g, " ").trim() ?? "" }),
      );
    }
  }

  /** @param {Name} name @param {string} value */
  #say(name, value) {
    const { store } = this.app;
    if (name === "author") return value === store.me ? gettext("me") : memberName(store, value);
    if (name !== "conversation") return longDay(`${value}T12:00:00`);
    const conversation = store.conversations.get(value);
    return conversation ? conversationTitle(store, conversation) : gettext("a conversation");
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const target = event.target instanceof Element ? event.target : null;
    const name = /** @type {Name | null | undefined} */ (target?.closest("[data-filter]")?.getAttribute("data-filter"));
    if (!name) return;
    this.#name = name;
    const open = target?.closest("[data-open]");
    if (target?.closest("[data-clear]")) this.#set("");
    else if (open) this.#open(/** @type {HTMLElement} */ (open));
  }

  /** @param {HTMLElement} origin */
  #open(origin) {
    const isDay = this.#name === "before" || this.#name === "after";
    this.days.hidden = !isDay;
    byId("filter-choices").hidden = isDay;
    const label = origin.getAttribute("data-open") ?? "";
    this.menu.setAttribute("aria-label", label);
    this.input.setAttribute("aria-label", label);
    byId("filter-day").setAttribute("aria-label", label);
    this.input.value = "";
    byId("filter-day").value = isDay ? (this.query[this.#name] ?? "") : "";
    this.#offer();
    openMenu(this.menu, origin, { focus: isDay ? byId("filter-day") : this.input });
  }

  #ask() {
    this.#offer();
    clearTimeout(this.#timer);
    if (this.#name !== "author") return;
    const words = this.input.value.trim();
    this.#timer = setTimeout(async () => {
      try {
        await this.app.client.findMembers(words);
        if (words === this.input.value.trim()) this.#offer(true);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error; // the known ones can still be chosen
      }
    }, TYPING_PAUSE);
  }

  /** @param {boolean} [later] whether more was found for the same words */
  #offer(later) {
    const all = this.#name === "author" ? this.#people() : this.#conversations();
    this.box.show(best(all, this.input.value, MOST_OFFERED), later);
    byId("filter-none").hidden = this.box.items.length > 0;
  }

  /** @returns {Offer[]} */
  #people() {
    const { store } = this.app;
    const me = store.members.get(store.me);
    const all = [...(me ? [me] : []), ...people(store)];
    return all.map((member) => ({
      id: member.id,
      folded: fold(`${member.name} @${member.handle}`),
      label: member.name,
      detail: `@${member.handle}`,
      member,
    }));
  }

  /** @returns {Offer[]} */
  #conversations() {
    const { store } = this.app;
    const all = [...store.conversations.values()].map((one) => {
      const label = conversationTitle(store, one);
      return { id: one.id, folded: fold(label), label, detail: one.topic, icon: conversationIcon(one) };
    });
    return all.sort((one, other) => one.label.localeCompare(other.label));
  }

  /** @param {Event} event of the calendar; a day that is being typed is incomplete */
  #onDay({ isTrusted }) {
    const { value } = byId("filter-day");
    if (isTrusted && isRealDay(value) && value > "1990") this.#set(value);
  }

  /** @param {string | undefined} value "" removes the filter */
  #set(value) {
    if (value === undefined) return;
    if (this.menu.matches(":popover-open")) this.menu.hidePopover();
    const { [this.#name]: _, ...others } = this.query;
    this.onChange(value ? { ...others, [this.#name]: value } : others);
  }
}

/** @param {Offer} offer */
function option({ label, detail, member, icon }) {
  const { root, slots } = clone("palette-option");
  slots.avatar.hidden = !member;
  slots["icon-box"].toggleAttribute("hidden", Boolean(member));
  if (member) fillAvatar(slots.avatar, member);
  else setIcon(slots.icon, icon ?? "hash");
  setText(slots.name, label);
  setText(slots.detail, detail);
  slots.keys.hidden = slots.badge.hidden = true;
  return root;
}

/** @param {string} name @param {string} value */
function isGood(name, value) {
  if (name === "before" || name === "after") return isRealDay(value);
  return (name === "author" || name === "conversation") && value !== "";
}

/** @param {string} words @param {Record<string, string>} operators that match no member or channel, which are searched as words */
function unresolved(words, operators) {
  const left = Object.entries(operators).filter(([, value]) => value);
  return [words, ...left.map(([name, value]) => `${name}:${value}`)].filter(Boolean).join(" ");
}
