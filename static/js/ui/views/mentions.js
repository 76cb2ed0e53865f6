/** @import {App} from "../shell/app.js" */
/** @import {Changes} from "../../client/store/entities.js" */
/** @import {Attention, Message, Report} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { enrich, isGone } from "../conversation/message.js";
import { byId, clone, setText } from "../lib/dom.js";
import { fillAvatar, fullDate, writeTime } from "../lib/format.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { conversationTitle, memberName } from "../lib/names.js";
import { explain } from "../lib/toast.js";
import { setMessageHtml } from "../lib/trusted-html.js";
import { acknowledge, OUTCOMES } from "../shell/moderation.js";

const PAGE = 30; // messages asked for at once
const PAUSE = 800; // milliseconds in which changes are collected before the first page is fetched again

/** @typedef {Message & {reason: Attention["reason"]}} Mention a message that concerns the member, and why */

const WHY = { mention: "", group: "", reply: gettext("replied in a thread"), keyword: gettext("used one of your keywords") };

/** @param {Mention} message */
const isMention = ({ reason }) => reason === "mention" || reason === "group";

/** The messages that concern the member, as the server says, newest first. */
export class Mentions {
  /** @type {Mention[]} newest first */
  #messages = [];
  /** @type {string | null} */
  #next = null;
  #asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #kept = "all";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLElement} */
    this.section = byId("mentions");
    byId("mentions-more").addEventListener("click", () => void this.#load());
    byId("mentions-filter").addEventListener("change", (/** @type {Event} */ event) => {
      this.#kept = /** @type {HTMLInputElement} */ (event.target).value;
      this.#render();
    });
    byId("mentions-read").addEventListener("click", () => this.#markRead());
    app.store.observe((changes) => this.#onChanges(changes));
  }

  async open() {
    this.#render();
    await this.#load({ anew: true });
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    if (this.section.hidden) return;
    if (changes.participants.size || changes.members.size || changes.reports.size || changes.cases.size) this.#render();
    if (!changes.attention.size && !this.#messages.some(({ id }) => changes.messages.has(id))) return;
    this.#timer ||= setTimeout(() => {
      this.#timer = undefined;
      void this.#load({ anew: true });
    }, PAUSE);
  }

  /** @param {{anew?: boolean}} [options] */
  async #load({ anew = false } = {}) {
    const turn = (this.#asked += 1);
    const next = anew ? null : this.#next;
    if (this.#messages.length === 0) setText(byId("mentions-status"), gettext("Loading…"));
    try {
      const answer = await (next ? this.app.client.api.get(next) : this.app.client.api.get("mentions", { limit: PAGE }));
      if (turn !== this.#asked) return;
      const found = [...answer.results].reverse();
      void this.app.client.meet(found.map(({ author }) => author));
      this.#messages = anew ? found : [...this.#messages, ...found];
      this.#next = answer.next && new URL(answer.next, location.href).pathname + new URL(answer.next, location.href).search;
      setText(byId("mentions-status"), "");
      this.#render();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#asked) setText(byId("mentions-status"), explain(error));
    }
  }

  #render() {
    if (this.section.hidden) return;
    const shown = this.#messages.filter((message) => this.#kept === "all" || isMention(message) === (this.#kept === "mentions"));
    byId("mentions-list").replaceChildren(...this.#entries(shown));
    byId("mentions-more").hidden = !this.#next;
    byId("mentions-empty").hidden = byId("mentions-list").childElementCount > 0 || byId("mentions-status").textContent !== "";
    byId("mentions-read").hidden = !this.#messages.some((message) => this.#isUnread(message)) && this.app.store.outcomes.length === 0;
  }

  /** @param {Mention[]} messages @returns {HTMLElement[]} those, and what moderation has to say; the newest first */
  #entries(messages) {
    const items = messages.map((message) => ({ at: message.created_at, node: this.#item(message) }));
    if (this.#kept !== "all") return items.map(({ node }) => node);
    const oldest = this.#next ? (messages.at(-1)?.created_at ?? "") : "";
    const decided = [...this.app.store.entities.reports.values()].filter(({ decided_at }) => decided_at && decided_at >= oldest);
    const reports = decided.map((report) => ({ at: report.decided_at ?? "", node: this.#outcome(report) }));
    const all = [...items, ...reports].sort((one, other) => Date.parse(other.at) - Date.parse(one.at)).map(({ node }) => node);
    return this.app.store.openCases.length ? [this.#desk(), ...all] : all;
  }

  /** @param {Report} report that the member made, with what was decided about it */
  #outcome({ id, message, decided_at, acknowledged_at, outcome }) {
    const { root, slots } = clone("report-outcome");
    const { store, router } = this.app;
    const reported = store.messages.get(message ?? "");
    setText(slots.title, gettext("Your report was decided"));
    writeTime(slots.time, decided_at ?? "");
    setText(slots.text, OUTCOMES[outcome ?? "other"] ?? "");
    root.classList.toggle("is-unread", !acknowledged_at);
    slots.unread.hidden = slots.button.hidden = Boolean(acknowledged_at);
    slots.link.hidden = !reported;
    setText(slots.link, gettext("Show the message"));
    if (reported) slots.link.href = router.path(reported.conversation, reported.seq, reported.thread ?? undefined);
    slots.button.addEventListener("click", () => void acknowledge(this.app, "report", id));
    return root;
  }

  /** For moderators: how many reports wait. */
  #desk() {
    const { root, slots } = clone("report-outcome");
    const count = this.app.store.openCases.length;
    setText(slots.title, interpolate(ngettext("%(count)s open report", "%(count)s open reports", count), { count }));
    setText(slots.text, gettext("Somebody asked the moderators to look at a message."));
    setText(slots.link, gettext("Open the desk"));
    slots.link.href = byId("desk-link").href;
    slots.unread.hidden = slots.button.hidden = slots.time.hidden = true;
    return root;
  }

  /** @param {Mention} message */
  #item(message) {
    const { root, slots } = clone("mention");
    const { store, router } = this.app;
    const conversation = store.conversations.get(message.conversation);
    slots.link.href = router.path(message.conversation, message.seq, message.thread ?? undefined);
    fillAvatar(slots.avatar, store.members.get(message.author));
    setText(slots.author, memberName(store, message.author));
    slots.status.setAttribute("member", message.author);
    setText(slots.conversation, conversation ? conversationTitle(store, conversation) : gettext("in a channel you are not in"));
    setText(slots.why, WHY[message.reason]);
    writeTime(slots.time, message.created_at);
    slots.time.dateTime = message.created_at;
    slots.time.title = fullDate(message.created_at);
    if (isGone(message)) setText(slots.text, message.deleted_at ? gettext("This message was deleted.") : gettext("Hidden by a moderator"));
    else {
      setMessageHtml(slots.text, message.html);
      enrich(this.app, slots.text);
    }
    root.classList.toggle("is-unread", this.#isUnread(message));
    slots.unread.hidden = !this.#isUnread(message);
    return root;
  }

  /** @param {Message} message */
  #isUnread(message) {
    return !isGone(message) && this.app.store.isUnread(message);
  }

  #markRead() {
    const { client, store } = this.app;
    const unread = this.#messages.filter((message) => this.#isUnread(message));
    store.batch(() => {
      for (const { conversation, seq, thread } of unread) {
        if (thread) client.reads.markThread(conversation, thread, seq);
        else client.reads.mark(conversation, seq);
      }
    });
    for (const { id } of store.outcomes) void acknowledge(this.app, "report", id);
  }
}
