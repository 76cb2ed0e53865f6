/** @import {App} from "../shell/app.js" */
/** @import {Message} from "../../client/types.js" */
/** @import {Subject} from "./panel.js" */

import { makeChange } from "../conversation/changes.js";
import { enrich } from "../conversation/message.js";
import { clone, setText } from "../lib/dom.js";
import { fillAvatar, fullDate, writeTime } from "../lib/format.js";
import { gettext } from "../lib/i18n.js";
import { conversationTitle, memberName } from "../lib/names.js";
import { setMessageHtml } from "../lib/trusted-html.js";
import { attemptIn } from "./notice.js";

/** @param {App} app */
export const make = (app) => new Pinned(app);

/** The pinned messages of a conversation, newest pin first. */
class Pinned {
  #id = "";
  #asked = 0;
  #isShown = false; // whether the list is that of the conversation

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("panel-pinned");
    /** @type {HTMLElement} */
    this.element = root;
    this.slots = slots;
    slots.list.addEventListener("click", (/** @type {MouseEvent} */ event) => this.#onClick(event));
    app.store.observe((changes) => {
      if (this.element.isConnected && changes.histories.has(this.#id)) void this.#load();
    });
  }

  /** @param {Subject} subject */
  titles({ conversation }) {
    return { title: gettext("Pinned messages"), subtitle: conversation && conversationTitle(this.app.store, conversation) };
  }

  /** @param {Subject} subject */
  async open({ conversation }) {
    const id = conversation?.id ?? "";
    if (id !== this.#id) this.#isShown = false;
    this.#id = id;
    if (!this.#isShown) this.slots.list.replaceChildren();
    this.slots.none.hidden = true;
    setText(this.slots.status, this.#isShown ? "" : gettext("Loading…"));
    await this.#load();
  }

  async #load() {
    const asked = (this.#asked += 1);
    await attemptIn(this.slots.notice, async () => {
      /** @type {{results: Message[]}} */
      const { results } = await this.app.client.api.get(`conversations/${this.#id}/pins`);
      await this.app.client.meet(results.map(({ author }) => author));
      if (asked !== this.#asked) return;
      this.#isShown = true;
      this.slots.list.replaceChildren(...results.reverse().map((message) => this.#item(message)));
      this.slots.none.hidden = results.length > 0;
    });
    if (asked === this.#asked) setText(this.slots.status, "");
  }

  /** @param {Message} message */
  #item(message) {
    const { root, slots } = clone("pinned-message");
    const { store, router } = this.app;
    fillAvatar(slots.avatar, store.members.get(message.author));
    setText(slots.author, memberName(store, message.author));
    writeTime(slots.time, message.created_at);
    slots.time.dateTime = message.created_at;
    slots.time.title = fullDate(message.created_at);
    slots.link.href = router.path(message.conversation, message.seq, message.thread ?? undefined);
    setMessageHtml(slots.prose, message.html);
    enrich(this.app, slots.prose);
    slots.unpin.dataset.message = message.id;
    slots.unpin.hidden = store.ownParticipant(message.conversation) === undefined;
    return root;
  }

  /** @param {MouseEvent} event */
  #onClick({ target }) {
    const unpin = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest("[data-message]"));
    if (!unpin) return;
    if (!makeChange(this.app, "pin", this.#id, unpin.dataset.message ?? "", { on: false })) return;
    unpin.closest("li")?.remove();
    this.slots.list.focus();
  }
}
