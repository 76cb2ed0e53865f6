/** @import {App} from "./app.js" */
/** @import {Route} from "./router.js" */
/** @import {Message} from "../client/types.js" */

import { ApiError } from "../client/api.js";
import { byId, clone, setText } from "./dom.js";
import { fillAvatar, fullDate, shortTime } from "./format.js";
import { gettext } from "./i18n.js";
import { conversationName, conversationTitle, memberName, people } from "./names.js";
import { explain } from "./toast.js";

/** @typedef {Message & {excerpt: {text: string, hit: boolean}[]}} Found */

/** Search through everything the member may see. The question is in the address, so it can be gone back to and shared. */
export class Search {
  /** @type {string | null} */
  #next = null;
  #asked = 0;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLFormElement} */
    this.form = byId("search-form");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.form.addEventListener("change", (event) => event.target instanceof HTMLSelectElement && this.#ask());
    byId("search-more").addEventListener("click", () => void this.#more());
  }

  /** @param {Route} route */
  async open(route) {
    this.#fillChoices();
    void this.#learnPeople(route);
    for (const name of ["q", "conversation", "author"]) this.#field(name).value = route.query.get(name) ?? "";
    const query = Object.fromEntries(route.query);
    byId("search-results").replaceChildren();
    this.#next = null;
    if (!query.q) {
      this.#asked += 1;
      this.#empty(gettext("Find what was said"), gettext("Search goes through every message that you may see."));
      this.#field("q").focus();
      return;
    }
    await this.#load(() => this.app.client.search(query));
  }

  /** The page knows those who are spoken of; whoever else can be chosen is asked for. @param {Route} route */
  async #learnPeople(route) {
    try {
      await this.app.client.findMembers("");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the choice is smaller
    }
    this.#fillChoices();
    this.#field("author").value ||= route.query.get("author") ?? "";
  }

  #ask() {
    const { path } = { path: this.app.router.searchPath(this.#query) };
    this.app.router.go(path, { replace: this.#field("q").value === "" });
  }

  /** @returns {Record<string, string>} */
  get #query() {
    return Object.fromEntries(["q", "conversation", "author"].map((name) => [name, this.#field(name).value.trim()]));
  }

  /** @param {string} name @returns {any} */
  #field(name) {
    return this.form.elements.namedItem(name);
  }

  async #more() {
    const next = this.#next;
    if (next) await this.#load(() => this.app.client.api.get(next));
  }

  /** @param {() => Promise<{results: Found[], next: string | null}>} ask */
  async #load(ask) {
    const turn = (this.#asked += 1);
    byId("search-more").hidden = true;
    setText(byId("search-count"), gettext("Searching…"));
    try {
      const { results, next } = await ask();
      if (turn !== this.#asked) return;
      this.#next = next && new URL(next, location.href).pathname + new URL(next, location.href).search;
      this.#show(results);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#asked) this.#empty(gettext("The search did not work"), explain(error));
    }
  }

  /** @param {Found[]} results newest last, as lists of messages are */
  #show(results) {
    const list = byId("search-results");
    list.append(...[...results].reverse().map((found) => this.#result(found)));
    byId("search-more").hidden = !this.#next;
    if (list.childElementCount === 0) {
      this.#empty(gettext("Nothing found"), gettext("Try fewer or other words, or search everywhere."));
      return;
    }
    byId("search-empty").hidden = true;
    if (byId("sidebar").contains(document.activeElement)) byId("search-body").focus();
    setText(byId("search-count"), this.#next ? gettext("Newest first") : gettext("Newest first, these are all"));
  }

  /** @param {Found} found */
  #result(found) {
    const { root, slots } = clone("result");
    const { store, router } = this.app;
    const conversation = store.conversations.get(found.conversation);
    slots.link.href = router.path(found.conversation, found.seq, found.thread ?? undefined);
    fillAvatar(slots.avatar, store.members.get(found.author));
    setText(slots.author, memberName(store, found.author));
    setText(slots.place, conversation ? conversationTitle(store, conversation) : gettext("in a channel you are not in"));
    setText(slots.time, shortTime(found.created_at));
    slots.time.dateTime = found.created_at;
    slots.time.title = fullDate(found.created_at);
    slots.text.append(...found.excerpt.map(({ text, hit }) => (hit ? marked(text) : document.createTextNode(text))));
    return root;
  }

  /** @param {string} title @param {string} hint */
  #empty(title, hint) {
    byId("search-empty").hidden = false;
    byId("search-more").hidden = true;
    setText(byId("search-count"), "");
    setText(byId("search-empty-title"), title);
    setText(byId("search-empty-hint"), hint);
  }

  #fillChoices() {
    const { store } = this.app;
    const conversations = [...store.conversations.values()].map((one) => [one.id, conversationTitle(store, one), conversationName(store, one)]);
    conversations.sort((one, other) => one[2].localeCompare(other[2]));
    choices(this.#field("conversation"), conversations.map(([id, title]) => [id, title]));
    const me = store.members.get(store.me);
    choices(this.#field("author"), [...(me ? [me] : []), ...people(store)].map(({ id, name }) => [id, name]));
  }
}

/** @param {HTMLSelectElement} select @param {string[][]} values id and label; the first option, for any, stays */
function choices(select, values) {
  const [any] = select.options;
  const { value } = select;
  select.replaceChildren(any, ...values.map(([id, label]) => new Option(label, id)));
  select.value = values.some(([id]) => id === value) ? value : "";
}

/** @param {string} text */
function marked(text) {
  const mark = document.createElement("mark");
  mark.textContent = text;
  return mark;
}
