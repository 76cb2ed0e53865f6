/** @import {App} from "../shell/app.js" */
/** @import {Conversation, Message} from "../../client/types.js" */

import { unpinMessage } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { enrich } from "../conversation/message.js";
import { byId, clone, setText } from "../lib/dom.js";
import { fillAvatar, fullDate, writeTime } from "../lib/format.js";
import { gettext } from "../lib/i18n.js";
import { openMenu } from "../lib/menu.js";
import { memberName } from "../lib/names.js";
import { explain } from "../lib/toast.js";
import { setMessageHtml } from "../lib/trusted-html.js";

/** The pinned messages of a conversation, newest pin first, in a menu below a button of the header. */
export class Pins {
  /** @type {string} */
  #conversation = "";
  #asked = 0;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.menu = byId("pins-menu");
    app.store.observe((changes) => {
      if (this.menu.matches(":popover-open") && changes.histories.has(this.#conversation)) void this.#load();
    });
    this.menu.addEventListener("click", (/** @type {Event} */ event) => void this.#onClick(event));
  }

  /** @param {Conversation} conversation @param {HTMLElement} button */
  open(conversation, button) {
    if (conversation.id !== this.#conversation) byId("pins-list").replaceChildren();
    this.#conversation = conversation.id;
    this.#say(gettext("Loading…"), byId("pins-list").childElementCount === 0);
    openMenu(this.menu, button, { focus: this.menu });
    void this.#load();
  }

  async #load() {
    const asked = (this.#asked += 1);
    try {
      /** @type {{results: Message[]}} */
      const { results } = await this.app.client.api.get(`conversations/${this.#conversation}/pins`);
      if (asked !== this.#asked) return;
      byId("pins-list").replaceChildren(...results.reverse().map((message) => this.#item(message)));
      this.#say(gettext("Nothing is pinned yet. Pin a message so that everybody here finds it again."), results.length === 0);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#say(explain(error), true);
    }
  }

  /** @param {string} text @param {boolean} shown */
  #say(text, shown) {
    byId("pins-empty").hidden = !shown;
    setText(byId("pins-empty"), text);
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

  /** @param {Event} event */
  async #onClick({ target }) {
    const at = /** @type {Element} */ (target);
    if (at.closest("a")) this.menu.hidePopover();
    const unpin = /** @type {HTMLElement | null} */ (at.closest("[data-message]"));
    if (!unpin) return;
    try {
      await unpinMessage(this.app.client, unpin.dataset.message ?? "");
      await this.#load();
      this.menu.focus();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#say(explain(error), true);
    }
  }
}
