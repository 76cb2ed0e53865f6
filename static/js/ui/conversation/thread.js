/** @import {App} from "../shell/app.js" */
/** @import {Message} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { Composer } from "../compose/composer.js";
import { editMessage } from "../compose/message-editor.js";
import { byId, everyFrame, isLookedAt, isWriting, setText } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { conversationTitle } from "../lib/names.js";
import { steady } from "../lib/steady.js";
import { explain, toast } from "../lib/toast.js";
import { refusalIn, whenMuteEnds } from "./conversation-view.js";
import { flash } from "./history.js";
import { MessageActions } from "./message-actions.js";
import { MessageList } from "./message-list.js";
import { rowsOf } from "./message-rows.js";
import { isAtEnd } from "./scroll-anchor.js";
import { VisibleMessages } from "./visible-messages.js";

/** The thread panel beside the conversation: a message and its replies. */
export class Thread {
  /** @type {string | null} id of the root */
  #root = null;
  #conversation = "";
  #shown = 0; // replies
  /** @type {number | null} the seq above the "new" divider, which is above the first reply that was unread when the thread was opened */
  #newAfter = null;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLElement} */
    this.panel = byId("thread");
    /** @type {HTMLElement} */
    this.scroller = byId("thread-history");
    this.settle = everyFrame(() => this.#markRead());
    this.visible = new VisibleMessages(this.scroller, this.settle);
    this.list = new MessageList(app, byId("thread-messages"), {
      added: (row) => this.visible.add(row),
      removed: (row) => this.visible.remove(row),
    });
    window.addEventListener("focus", this.settle);
    document.addEventListener("visibilitychange", this.settle);
    const actions = new MessageActions(app, this.list, { inThread: true });
    this.list.element.addEventListener("click", (event) => void actions.onClick(event));
    this.composer = new Composer(app, byId("thread-dock"));
    this.render = everyFrame(steady(() => this.#render()));
    whenMuteEnds(app, this.render);
    app.store.observe((changes) => {
      if (changes.histories.size || changes.members.size || changes.participants.size || changes.sanctions.size) this.render();
      if (this.#root && changes.histories.has(this.#conversation)) void this.#refill(this.#root);
    });
    app.client.outbox.observe(this.render);
    app.client.edits.observe(this.render);
    byId("thread-close").addEventListener("click", () => this.close());
    this.panel.addEventListener("keydown", (event) => plainKey(event) === "Escape" && !event.defaultPrevented && this.close());
  }

  /** @param {string | undefined} id of the root message, or of a reply */
  async open(id) {
    if (!id) {
      this.#hide();
      return;
    }
    if (id === this.#root) {
      this.#showTarget();
      return;
    }
    this.#root = id;
    this.#shown = 0;
    this.#newAfter = null;
    this.panel.hidden = false;
    this.list.clear();
    this.#setDivider();
    this.#render();
    this.#scrollToNew();
    try {
      const [root] = await this.app.client.pages.thread(id);
      if (this.#root !== id) return;
      if (root?.thread) this.#root = root.thread;
      this.#setDivider();
      this.#render();
      this.#scrollToNew();
      if (this.#showTarget()) return;
      // If the member is writing in another field by now, the focus stays there.
      if (!matchMedia("(pointer: coarse)").matches && !isWriting(document.activeElement)) this.composer.focus();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(explain(error));
      if (!error.passing) this.close();
    }
  }

  /** Set the divider. Called again after fetching, because fetched replies may be older than the known ones. */
  #setDivider() {
    const root = this.#find(this.#root ?? "");
    const first = root && this.app.store.replies(root).find((reply) => this.app.store.isUnread(reply));
    if (first) this.#newAfter = Math.min(first.seq - 1, this.#newAfter ?? Infinity);
  }

  /** Scroll to the first unread reply, else to the end. */
  #scrollToNew() {
    const divider = this.list.withKey("new");
    if (!divider) this.scroller.scrollTop = this.scroller.scrollHeight;
    else
      this.scroller.scrollTop +=
        divider.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top - this.scroller.clientHeight / 4;
  }

  /** Mark what is on the screen as read while the member looks at it, unless an unread reply above was never on the screen. */
  #markRead() {
    const root = this.#root ? this.#find(this.#root) : undefined;
    if (!root || !isLookedAt()) return;
    const { store, client } = this.app;
    const next = store.replies(root).find((reply) => store.isUnread(reply))?.seq ?? Infinity;
    if (this.visible.first <= next && this.visible.last > 0) client.reads.markThread(root.conversation, root.id, this.visible.last);
  }

  /** Scroll to the reply that a link led to. @returns {boolean} whether there is one */
  #showTarget() {
    const { seq } = this.app.router.route;
    const target = seq === undefined ? null : this.list.atSeq(seq);
    if (!target || target === this.list.element.firstElementChild) return false;
    target.scrollIntoView({ block: "center" });
    flash(target);
    return true;
  }

  close() {
    const { route } = this.app.router;
    if (route.conversation) this.app.router.go(this.app.router.path(route.conversation));
  }

  /** Fetch the thread again if the store has forgotten messages of it, after a sync that skipped too many changes. @param {string} id */
  async #refill(id) {
    const root = this.#find(id);
    if (root && this.app.store.replies(root).length >= this.#shown) return;
    try {
      await this.app.client.pages.thread(id);
      if (id !== this.#root) return;
      this.#shown = 0; // replies that are still missing were deleted
      this.render();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the next change tries again
      if (error.status === 404 && id === this.#root) this.#end();
    }
  }

  /** Close the thread: its messages have expired, or the member may no longer read the conversation. */
  #end() {
    toast(gettext("This thread is no longer there."));
    this.close();
  }

  /** @param {string} id of a root @returns {Message | undefined} without a text if it has expired and its replies have not */
  #find(id) {
    return this.app.store.messages.get(id) ?? this.app.store.heads.get(id);
  }

  #hide() {
    const had = this.panel.contains(document.activeElement);
    this.#root = null;
    this.panel.hidden = true;
    this.list.clear();
    this.composer.setTarget(null);
    if (had) byId("main").focus();
  }

  #render() {
    const root = this.#root ? this.#find(this.#root) : undefined;
    const conversation = root && this.app.store.conversations.get(root.conversation);
    if (!root || !conversation) return;
    const replies = this.app.store.replies(root);
    if (replies.length < this.#shown) return; // the store forgot some and #refill fetches them: show the old rows until then
    this.#shown = replies.length;
    this.#conversation = conversation.id;
    setText(byId("thread-conversation"), conversationTitle(this.app.store, conversation));
    const end = isAtEnd(this.scroller);
    const entries = this.app.client.outbox.entries(root.conversation).filter((entry) => entry.thread === root.id);
    this.list.show(rowsOf(this.app.store, [root, ...replies], entries, { newAfter: this.#newAfter, inThread: true }));
    if (end) this.scroller.scrollTop = this.scroller.scrollHeight;
    const participates = this.app.store.ownParticipant(root.conversation) !== undefined;
    const refusal = participates || conversation.archived_at ? refusalIn(this.app, conversation, { inThread: true }) : "";
    byId("thread-refusal-bar").hidden = refusal === "";
    setText(byId("thread-refusal-text"), refusal);
    byId("thread-dock").hidden = !participates || refusal !== "";
    this.composer.setTarget(participates && !refusal ? this.#target(root) : null);
  }

  /** @param {Message} root */
  #target(root) {
    return {
      draft: `${root.conversation}:${root.id}`,
      conversation: root.conversation,
      label: gettext("Reply"),
      send: (/** @type {string} */ text) => {
        this.app.client.outbox.add(root.conversation, text, root.id);
        this.scroller.scrollTop = this.scroller.scrollHeight;
      },
      editLast: () => this.#editLast(root),
    };
  }

  /** Edit the member's last reply. @param {Message} root */
  #editLast(root) {
    const waiting = this.app.client.outbox.entries(root.conversation).filter((entry) => entry.thread === root.id);
    if (waiting.some((entry) => entry.state === "sending")) return true;
    const mine = this.app.store.replies(root).filter((one) => one.author === this.app.store.me && !one.deleted_at && !one.hidden_at);
    const node = this.list.nodeOf(this.list.atSeq(mine.at(-1)?.seq ?? 0));
    if (node) editMessage(this.app, node);
    return node !== undefined;
  }
}
