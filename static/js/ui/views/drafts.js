/** @import {App} from "../shell/app.js" */
/** @import {Draft} from "../sidebar/unsent.js" */
/** @import {Entry} from "../../client/outbox.js" */
/** @import {Message} from "../../client/types.js" */

import { search } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { confirm } from "../dialogs/dialog.js";
import { byId, clone, everyFrame, setIcon, setText } from "../lib/dom.js";
import { fullDate, writeTime } from "../lib/format.js";
import { gettext } from "../lib/i18n.js";
import { conversationTitle } from "../lib/names.js";
import { explain } from "../lib/toast.js";
import { draftsOf, failedOf } from "../sidebar/unsent.js";

const SENT = 20; // messages of the member's own that are asked for

/** What this browser has not sent, what the server refused, and what the member sent last. */
export class Drafts {
  /** @type {Message[]} newest first */
  #sent = [];
  #status = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLElement} */
    this.section = byId("drafts");
    this.section.prepend(clone("threads-styles").root);
    this.failed = group(gettext("Not sent"));
    this.drafts = group(gettext("Drafts"), gettext("What you write and do not send is kept here, in this browser."));
    this.sent = group(gettext("Sent"), gettext("You have sent nothing yet."));
    byId("drafts-body").append(...[this.failed, this.drafts, this.sent].map(({ root }) => root));
    const render = everyFrame(() => this.#render());
    for (const source of [app.client.drafts, app.client.edits, app.client.outbox]) source.observe(render);
    app.store.observe((changes) => (changes.conversations.size || changes.members.size) && render());
  }

  async open() {
    this.#render();
    try {
      const { results } = await search(this.app.client, { author: this.app.store.me, limit: String(SENT) });
      this.#sent = [...results].reverse();
      this.#status = "";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#status = explain(error);
    }
    this.#render();
  }

  #render() {
    if (this.section.hidden) return;
    const failed = failedOf(this.app);
    fill(
      this.failed,
      failed.map((entry) => this.#failedItem(entry)),
    );
    this.failed.root.hidden = failed.length === 0;
    fill(
      this.drafts,
      draftsOf(this.app).map((draft) => this.#draftItem(draft)),
    );
    fill(
      this.sent,
      this.#sent.map((message) => this.#sentItem(message)),
    );
    if (this.#status) setText(this.sent.slots.none, this.#status);
    this.sent.slots.count.hidden = true;
  }

  /** @param {Draft} draft */
  #draftItem({ conversation, thread, seq, text }) {
    const { root, slots } = this.#item(conversation, text);
    slots.link.href = this.app.router.path(conversation, seq ?? undefined, thread ?? undefined);
    setText(slots.why, thread ? gettext("in a thread") : seq === null ? "" : gettext("edit of a message"));
    slots.ways.hidden = seq !== null; // an edit is discarded where its message can be seen
    slots.discard.addEventListener("click", () => void this.#discard(thread ? `${conversation}:${thread}` : conversation));
    return root;
  }

  /** @param {string} target of a draft */
  async #discard(target) {
    const question = { title: gettext("Discard this draft?"), text: gettext("Its text is lost."), yes: gettext("Discard") };
    if (await confirm(question)) this.app.client.drafts.set(target, "");
  }

  /** @param {Entry} entry */
  #failedItem({ ref, conversation, thread, text, error, created_at }) {
    const { root, slots } = this.#item(conversation, text);
    slots.link.href = this.app.router.path(conversation, undefined, thread ?? undefined);
    setIcon(slots.icon, "alert");
    setText(slots.why, error ?? "");
    writeTime(slots.time, created_at);
    slots.ways.hidden = slots.again.hidden = false;
    slots.again.addEventListener("click", () => this.app.client.outbox.retry(ref));
    slots.discard.addEventListener("click", () => this.app.client.outbox.discard(ref));
    return root;
  }

  /** @param {Message} message */
  #sentItem({ conversation, seq, thread, text, created_at }) {
    const { root, slots } = this.#item(conversation, text);
    slots.link.href = this.app.router.path(conversation, seq, thread ?? undefined);
    setIcon(slots.icon, thread ? "reply" : "check");
    setText(slots.why, thread ? gettext("in a thread") : "");
    writeTime(slots.time, created_at);
    slots.time.title = fullDate(created_at);
    return root;
  }

  /** @param {string} id of a conversation @param {string} text */
  #item(id, text) {
    const { root, slots } = clone("draft-item");
    const conversation = this.app.store.conversations.get(id);
    setText(slots.conversation, conversation ? conversationTitle(this.app.store, conversation) : gettext("in a channel you are not in"));
    setText(slots.text, text);
    return { root, slots };
  }
}

/** @param {string} title @param {string} [none] the text without items */
function group(title, none = "") {
  const { root, slots } = clone("draft-group");
  setText(slots.title, title);
  return { root, slots, none };
}

/** @param {ReturnType<typeof group>} group @param {HTMLElement[]} items */
function fill({ slots, none }, items) {
  slots.list.replaceChildren(...items);
  setText(slots.count, items.length ? String(items.length) : "");
  slots.none.hidden = items.length > 0 || none === "";
  setText(slots.none, none);
}
