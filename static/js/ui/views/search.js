/** @import {App} from "../shell/app.js" */
/** @import {Route} from "../shell/router.js" */
/** @import {Message} from "../../client/types.js" */

import { search } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { byId, clone, setText } from "../lib/dom.js";
import { fillAvatar, fullDate, writeTime } from "../lib/format.js";
import { gettext } from "../lib/i18n.js";
import { conversationTitle, memberName } from "../lib/names.js";
import { explain } from "../lib/toast.js";
import { Filters } from "./search-filters.js";
import { startOf } from "./search-operators.js";

/** @typedef {Message & {excerpt: {text: string, hit: boolean}[]}} Found */

/** Searches the messages that the member may see. The query is in the address, so that it can be restored and shared. */
export class Search {
  /** @type {string | null} */
  #next = null;
  #asked = 0;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLFormElement} */
    this.form = byId("search-form");
    /** @type {HTMLInputElement} */
    this.input = byId("search-input");
    this.filters = new Filters(app, (query) => this.#go(query));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go(this.filters.query);
    });
    byId("search-more").addEventListener("click", () => void this.#more());
    byId("search-again").addEventListener("click", () => void this.open(this.app.router.route));
    byId("search-examples").addEventListener("click", (/** @type {MouseEvent} */ event) => this.#onExample(event));
  }

  /** @param {Route} route */
  async open(route) {
    const turn = (this.#asked += 1);
    byId("search-results").replaceChildren();
    this.#next = null;
    this.input.value = route.query.get("q") ?? "";
    if (await this.#resolve(route, turn)) return;
    if (turn !== this.#asked) return;
    const { q, conversation, author, before, after } = Object.fromEntries(route.query);
    if (!q && !conversation && !author && !before && !after) this.#begin();
    else if (!q && !author && !before && !after) {
      this.#begin(); // the member wants to search there
    } else {
      await this.#load(() =>
        search(this.app.client, { q, conversation, author, before: before && startOf(before), after: after && startOf(after, 1) }),
      );
    }
  }

  /** Turn typed operators into filters. @param {Route} route @param {number} turn @returns {Promise<boolean>} whether the address has changed */
  async #resolve(route, turn) {
    try {
      const resolved = await this.filters.read(route.query);
      if (turn !== this.#asked || !resolved) return false;
      this.app.router.go(this.app.router.searchPath(resolved), { replace: true });
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#asked) this.#fail(error);
      return true;
    }
  }

  #begin() {
    this.#empty(gettext("Find what was said"), gettext("Search goes through every message that you may see."));
    byId("search-examples").hidden = false;
    this.input.focus();
  }

  /** @param {Record<string, string>} query of filters */
  #go(query) {
    this.app.router.go(this.app.router.searchPath({ q: this.input.value.trim(), ...query }));
  }

  /** @param {MouseEvent} event on an example, whose operator is put into the field */
  #onExample(event) {
    const example = event.target instanceof Element ? event.target.closest("[data-operator]") : null;
    if (!example) return;
    this.input.value = `${this.input.value} ${example.getAttribute("data-operator")}`.trimStart();
    this.input.focus();
  }

  async #more() {
    const next = this.#next;
    if (next) await this.#load(() => this.app.client.api.get(next));
  }

  /** @param {() => Promise<{results: Found[], next: string | null}>} ask */
  async #load(ask) {
    const turn = (this.#asked += 1);
    byId("search-more").hidden = true;
    byId("search-empty").hidden = true;
    setText(byId("search-count"), gettext("Searching…"));
    try {
      const { results, next } = await ask();
      await this.app.client.meet(results.map(({ author }) => author));
      if (turn !== this.#asked) return;
      this.#next = next && new URL(next, location.href).pathname + new URL(next, location.href).search;
      this.#show(results);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#asked) this.#fail(error);
    }
  }

  /** @param {ApiError} error is shown; words and filters stay, so that the member can search again */
  #fail(error) {
    this.#empty(gettext("The search did not work"), explain(error));
    byId("search-again").hidden = false;
    byId("search-again").focus();
  }

  /** @param {Found[]} results oldest first, like lists of messages */
  #show(results) {
    const list = byId("search-results");
    list.append(...[...results].reverse().map((found) => this.#result(found)));
    byId("search-more").hidden = !this.#next;
    if (list.childElementCount === 0) {
      this.#empty(gettext("Nothing found"), gettext("Try fewer or other words, or take a filter away."));
      return;
    }
    if (byId("sidebar").contains(document.activeElement)) byId("search-body").focus();
    setText(byId("search-count"), this.#next ? gettext("Newest first") : gettext("Newest first, these are all"));
  }

  /** @param {Found} found */
  #result(found) {
    const { root, slots } = clone("search-result");
    const { store, router } = this.app;
    const conversation = store.conversations.get(found.conversation);
    slots.link.href = router.path(found.conversation, found.seq, found.thread ?? undefined);
    fillAvatar(slots.avatar, store.members.get(found.author));
    setText(slots.author, memberName(store, found.author));
    slots.status.setAttribute("member", found.author);
    setText(slots.conversation, conversation ? conversationTitle(store, conversation) : gettext("in a channel you are not in"));
    writeTime(slots.time, found.created_at);
    slots.time.dateTime = found.created_at;
    slots.time.title = fullDate(found.created_at);
    slots.text.append(...found.excerpt.map(({ text, hit }) => (hit ? marked(text) : document.createTextNode(text))));
    return root;
  }

  /** @param {string} title @param {string} hint */
  #empty(title, hint) {
    byId("search-empty").hidden = false;
    byId("search-examples").hidden = byId("search-again").hidden = true;
    byId("search-more").hidden = true;
    setText(byId("search-count"), "");
    setText(byId("search-empty-title"), title);
    setText(byId("search-empty-hint"), hint);
  }
}

/** @param {string} text */
function marked(text) {
  const mark = document.createElement("mark");
  mark.textContent = text;
  return mark;
}
