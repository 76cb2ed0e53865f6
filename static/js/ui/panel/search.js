/** @import {App} from "../shell/app.js" */
/** @import {Message} from "../../client/types.js" */
/** @import {Subject} from "./panel.js" */

import { search } from "../../client/actions.js";
import { clone, setText } from "../lib/dom.js";
import { fillAvatar, fullDate, writeTime } from "../lib/format.js";
import { gettext } from "../lib/i18n.js";
import { conversationTitle, memberName } from "../lib/names.js";
import { attemptIn } from "./notice.js";

/** @typedef {Message & {excerpt: {text: string, hit: boolean}[]}} Found */

/** @param {App} app */
export const make = (app) => new SearchHere(app);

/** A search of the open conversation. The words are in the address. */
class SearchHere {
  #asked = 0;
  #shown = "";
  /** @type {string | null} */
  #next = null;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("panel-search");
    /** @type {HTMLElement} */
    this.element = root;
    this.slots = slots;
    slots.form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      app.router.go(app.router.panelPath({ panel: "search", find: slots.input.value.trim() }), { replace: true });
    });
    slots.more.addEventListener("click", () => void this.#load(() => app.client.api.get(this.#next ?? "")));
  }

  field() {
    return this.slots.input;
  }

  /** @param {Subject} subject */
  titles({ conversation }) {
    return { title: gettext("Search"), subtitle: conversation && conversationTitle(this.app.store, conversation) };
  }

  /** @param {Subject} subject */
  async open({ conversation, find }) {
    const { router, client } = this.app;
    const key = `${conversation?.id} ${find}`;
    this.slots.everywhere.href = router.searchPath({ q: find });
    if (key === this.#shown) return;
    this.#shown = key;
    this.#asked += 1;
    this.slots.input.value = find;
    this.slots.list.replaceChildren();
    this.slots.more.hidden = this.slots.none.hidden = this.slots.notice.hidden = true;
    this.slots.hint.hidden = find !== "";
    setText(this.slots.status, "");
    if (find && !(await this.#load(() => search(client, { q: find, conversation: conversation?.id })))) this.#shown = "";
  }

  /** @param {() => Promise<{results: Found[], next: string | null}>} ask @returns {Promise<boolean>} */
  async #load(ask) {
    const turn = (this.#asked += 1);
    setText(this.slots.status, gettext("Searching…"));
    const done = await attemptIn(this.slots.notice, async () => {
      const { results, next } = await ask();
      await this.app.client.meet(results.map(({ author }) => author));
      if (turn !== this.#asked) return;
      this.#next = next && new URL(next, location.href).pathname + new URL(next, location.href).search;
      this.slots.list.append(...[...results].reverse().map((found) => this.#result(found)));
    });
    if (turn !== this.#asked) return done;
    setText(this.slots.status, "");
    this.slots.more.hidden = !done || !this.#next;
    this.slots.none.hidden = !done || this.slots.list.childElementCount > 0;
    return done;
  }

  /** @param {Found} found */
  #result(found) {
    const { root, slots } = clone("search-result");
    const { store, router } = this.app;
    slots.link.href = router.path(found.conversation, found.seq, found.thread ?? undefined);
    fillAvatar(slots.avatar, store.members.get(found.author));
    setText(slots.author, memberName(store, found.author));
    writeTime(slots.time, found.created_at);
    slots.time.dateTime = found.created_at;
    slots.time.title = fullDate(found.created_at);
    slots.text.append(...found.excerpt.map(({ text, hit }) => (hit ? marked(text) : document.createTextNode(text))));
    return root;
  }
}

/** @param {string} text */
function marked(text) {
  const mark = document.createElement("mark");
  mark.textContent = text;
  return mark;
}
