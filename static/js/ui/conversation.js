/** @import {App} from "./app.js" */
/** @import {Conversation} from "../client/types.js" */

import { ApiError } from "../client/api.js";
import { Composer } from "./composer.js";
import { byId, everyFrame, once, setIcon, setText } from "./dom.js";
import { listOf } from "./format.js";
import { History } from "./history.js";
import { gettext, interpolate, ngettext } from "./i18n.js";
import { conversationIcon, conversationName, conversationTitle, isChannel, memberName } from "./names.js";
import { explain, toast } from "./toast.js";

const COUNTING = 300; // milliseconds in which several who come or go are one question

/** The open conversation: its header, its history, and where one writes. */
export class ConversationView {
  /** @type {string | null} */
  #id = null;
  #counting = 0;

  /** @param {App} app @param {{openSettings: (conversation: Conversation) => void}} options */
  constructor(app, { openSettings }) {
    this.app = app;
    this.history = new History(app);
    // What is done with messages is fetched when there are some.
    this.wireActions = once(async () => new (await import("./actions.js")).MessageActions(app, this.history.list));
    this.composer = new Composer(app, byId("composer-dock"));
    this.render = everyFrame(() => this.#render());
    app.store.observe((changes) => {
      if (changes.conversations.has(this.#id ?? "") || changes.participants.has(this.#id ?? "") || changes.members.size) {
        this.render();
      }
      if (changes.participants.has(this.#id ?? "")) this.#count();
      if (changes.members.size) this.#showTypists();
    });
    app.client.signals.observe(() => this.#showTypists());
    byId("join-button").addEventListener("click", () => void this.#join());
    for (const id of ["settings-button", "people-button"]) {
      byId(id).addEventListener("click", () => this.#conversation && openSettings(this.#conversation));
    }
  }

  /**
   * @param {Conversation} conversation
   * @param {number} [seq]
   */
  async open(conversation, seq) {
    const other = conversation.id !== this.#id;
    this.#id = conversation.id;
    this.#render();
    this.#showTypists();
    if (other) this.#count();
    if (other && !matchMedia("(pointer: coarse)").matches) this.composer.focus();
    await this.history.open(conversation, seq);
  }

  close() {
    if (!this.#id) return;
    this.#id = null;
    this.composer.setTarget(null);
    this.history.close();
  }

  get #conversation() {
    return this.#id ? (this.app.store.conversations.get(this.#id) ?? null) : null;
  }

  #render() {
    const conversation = this.#conversation;
    if (!conversation) return;
    const name = conversationName(this.app.store, conversation);
    const channel = isChannel(conversation);
    setText(byId("conversation-name"), name);
    setIcon(byId("conversation-icon"), conversationIcon(conversation));
    setText(byId("conversation-topic"), channel ? conversation.topic : "");
    byId("conversation-topic").title = conversation.topic;
    byId("conversation-archived").hidden = !conversation.archived_at;
    byId("settings-button").hidden = this.app.store.ownSeat(conversation.id) === undefined;
    byId("search-here").href = this.app.router.searchPath({ conversation: conversation.id });
    this.#showPeople(conversation);
    this.#showDock(conversation);
  }

  /** @param {Conversation} conversation */
  #showPeople(conversation) {
    const count = this.app.client.participantCounts.get(conversation.id) ?? conversation.people.length;
    const label = interpolate(ngettext("%(count)s person", "%(count)s people", count), { count });
    byId("people-button").hidden = conversation.kind === "direct";
    setText(byId("people-count"), String(count));
    byId("people-button").setAttribute("aria-label", label);
    byId("people-button").title = label;
  }

  /** How many take part is told with no event: it is asked for when it is looked at, and when somebody comes or goes. */
  #count() {
    const conversation = this.#conversation;
    if (!conversation || !isChannel(conversation)) return;
    clearTimeout(this.#counting);
    this.#counting = setTimeout(() => {
      const shown = (/** @type {unknown} */ error) => {
        if (error && !(error instanceof ApiError)) throw error;
        this.render();
      };
      this.app.client.loadConversation(conversation.id).then(() => shown(null), shown);
    }, COUNTING);
  }

  #showTypists() {
    const typists = this.#id ? this.app.client.signals.typists(this.#id) : [];
    const names = typists.map((id) => memberName(this.app.store, id));
    const most = interpolate(ngettext("%(names)s is typing…", "%(names)s are typing…", names.length), { names: listOf(names) });
    this.composer.note(names.length > 3 ? gettext("Several people are typing…") : names.length ? most : "");
  }

  /** @param {Conversation} conversation */
  #showDock(conversation) {
    const seated = this.app.store.ownSeat(conversation.id) !== undefined;
    const archived = conversation.archived_at !== null;
    byId("join-bar").hidden = seated || archived;
    byId("archived-bar").hidden = !archived;
    byId("composer-dock").hidden = !seated || archived;
    this.composer.setTarget(seated && !archived ? this.#target(conversation) : null);
  }

  /** @param {Conversation} conversation */
  #target(conversation) {
    const name = conversationTitle(this.app.store, conversation);
    return {
      place: conversation.id,
      label: interpolate(gettext("Message %(name)s"), { name }),
      send: (/** @type {string} */ text) => {
        this.app.client.outbox.add(conversation.id, text);
        void this.history.toEnd();
      },
      onKey: () => this.app.client.signals.type(conversation.id),
      editLast: () => this.#editLast(conversation),
    };
  }

  /** @param {Conversation} conversation */
  #editLast({ id, last_seq }) {
    const recent = this.app.store.between(id, Math.max(1, last_seq - 100), last_seq);
    const mine = recent.filter((message) => message.author === this.app.store.me && !message.deleted_at);
    const node = this.history.list.nodeOf(this.history.list.atSeq(mine.at(-1)?.seq ?? 0));
    if (node) void import("./editor.js").then(({ editMessage }) => editMessage(this.app, node));
    return node !== undefined;
  }

  async #join() {
    const id = this.#id;
    if (!id) return;
    try {
      await this.app.client.join(id);
      this.composer.focus();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(explain(error));
    }
  }
}
