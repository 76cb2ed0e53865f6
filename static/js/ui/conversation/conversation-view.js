/** @import {App} from "../shell/app.js" */
/** @import {Store} from "../../client/store.js" */
/** @import {Conversation} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { serverClock } from "../../client/clock.js";
import { Composer } from "../compose/composer.js";
import { byId, everyFrame, isWriting, once, setIcon, setText } from "../lib/dom.js";
import { fullDate, listOf } from "../lib/format.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { conversationIcon, conversationName, conversationTitle, isChannel, memberName, partnerIn } from "../lib/names.js";
import { explain, toast } from "../lib/toast.js";
import { History } from "./history.js";

const COUNTING = 300; // milliseconds in which several joins and leaves cause one request
const LONGEST_TIMER = 2 ** 31 - 1; // milliseconds; browsers run a longer timer at once
const AFTER = 500; // milliseconds after the end of a mute before rendering again
const RECENT = 100; // messages that are searched for the member's last one

/** The open conversation: its header, its history and its composer. */
export class ConversationView {
  /** @type {string | null} */
  #id = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #counting;
  /** @type {import("./message-actions.js").MessageActions | null} */
  #actions = null;

  /** @param {App} app @param {{openSettings: (conversation: Conversation) => void}} options */
  constructor(app, { openSettings }) {
    this.app = app;
    this.history = new History(app);
    // The actions on messages are fetched when the page is idle, or when they are needed before that.
    this.wireActions = once(
      async () => (this.#actions = new (await import("./message-actions.js")).MessageActions(app, this.history.list)),
    );
    this.editor = once(() => import("../compose/message-editor.js"));
    this.dates = once(() => import("./jump-to-date.js"));
    this.pins = once(async () => new (await import("../panel/pinned.js")).Pins(app));
    this.composer = new Composer(app, byId("composer-dock"));
    this.render = everyFrame(() => this.#render());
    whenMuteEnds(app, this.render);
    app.store.observe((changes) => {
      if (
        changes.conversations.has(this.#id ?? "") ||
        changes.participants.has(this.#id ?? "") ||
        changes.members.size ||
        changes.sanctions.size
      )
        this.render();
      if (changes.participants.has(this.#id ?? "")) this.#count();
      if (changes.members.size) this.#showTypists();
      if (this.#conversation?.slow_mode && changes.histories.has(this.#id ?? "")) this.render();
    });
    app.client.signals.observe(() => this.#showTypists());
    byId("join-button").addEventListener("click", () => void this.#join());
    for (const id of ["settings-button", "people-button"]) {
      byId(id).addEventListener("click", () => this.#conversation && openSettings(this.#conversation));
    }
    byId("pins-button").addEventListener(
      "click",
      async () => this.#conversation && (await this.pins()).open(this.#conversation, byId("pins-button")),
    );
    this.#wireMessages(this.history.list.element);
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
    const elsewhere = seq !== undefined || this.app.router.route.thread !== undefined;
    if (other && !elsewhere && !matchMedia("(pointer: coarse)").matches) this.composer.focus();
    await this.history.open(conversation, seq);
    if (seq !== undefined && this.#id === conversation.id) this.#openItsThread(conversation.id, seq);
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

  /** @param {HTMLElement} list */
  #wireMessages(list) {
    const load = (/** @type {Event} */ event) => void this.#loadActions(event).catch(() => {}); // fetched again with the next event
    for (const type of ["pointerover", "pointerdown", "focusin"]) list.addEventListener(type, load, { passive: true });
    list.addEventListener("click", async (event) => {
      const node = this.history.list.nodeOf(event.target);
      const day = event.target instanceof Element ? event.target.closest(".day-label") : null;
      if (day instanceof HTMLElement) (await this.dates()).chooseDate(this.history, day);
      else await (this.#actions ?? (await this.wireActions())).onClick(event, node);
    });
    document.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Fetch the actions. A press that came before they were there may still become a long press. @param {Event} event */
  async #loadActions(event) {
    if (this.#actions) return;
    const actions = await this.wireActions();
    const { target } = event;
    if (event.type === "pointerdown" && target instanceof Element && target.matches(":active"))
      actions.press(/** @type {PointerEvent} */ (event));
  }

  /** Move through the messages with j and k, from anywhere in the page. @param {KeyboardEvent} event */
  #onKey(event) {
    const step = { j: 1, k: -1 }[plainKey(event)];
    const busy = event.defaultPrevented || isWriting(event.target);
    if (!step || !this.#id || busy || document.querySelector("dialog[open], [popover].menu:popover-open")) return;
    if (event.target instanceof Element && event.target.closest("#thread")) return;
    if (this.history.list.moveFocus(step)) event.preventDefault();
  }

  /** Open the thread of a reply to which a link led. @param {string} id @param {number} seq */
  #openItsThread(id, seq) {
    const { router, store } = this.app;
    const { thread } = store.at(id, seq) ?? {};
    if (thread && !router.route.thread && router.route.seq === seq) router.go(router.path(id, seq, thread), { replace: true });
  }

  #render() {
    const conversation = this.#conversation;
    if (!conversation) return;
    const name = conversationName(this.app.store, conversation);
    const channel = isChannel(conversation);
    setText(byId("conversation-name"), name);
    byId("conversation-status").setAttribute("member", partnerIn(this.app.store, conversation));
    setIcon(byId("conversation-icon"), conversationIcon(conversation));
    setText(byId("conversation-topic"), channel ? conversation.topic : "");
    byId("conversation-topic").title = conversation.topic;
    byId("conversation-archived").hidden = !conversation.archived_at;
    byId("settings-button").hidden = this.app.store.ownParticipant(conversation.id) === undefined;
    byId("search-here").href = this.app.router.searchPath({ conversation: conversation.id });
    this.#showPeople(conversation);
    this.#showDock(conversation);
  }

  /** @param {Conversation} conversation */
  #showPeople(conversation) {
    const count = this.app.client.participantCounts.get(conversation.id) ?? conversation.people.length;
    const label = interpolate(ngettext("%(count)s person", "%(count)s people", count), { count });
    byId("people-button").hidden = conversation.kind === "direct" || count === 0;
    setText(byId("people-count"), String(count));
    byId("people-button").setAttribute("aria-label", label);
    byId("people-button").title = label;
  }

  /** Fetch the number of participants, which no event contains: when the conversation is opened, and when somebody joins or leaves. */
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

  // --- The composer, or the reason why there is none -------------------------------------------------------

  /** @param {Conversation} conversation */
  #showDock(conversation) {
    const participates = this.app.store.ownParticipant(conversation.id) !== undefined;
    const refusal = participates || conversation.archived_at ? refusalIn(this.app, conversation) : "";
    byId("join-bar").hidden = participates || conversation.archived_at !== null;
    byId("refusal-bar").hidden = refusal === "";
    setText(byId("refusal-text"), refusal);
    byId("composer-dock").hidden = !participates || refusal !== "";
    this.composer.setTarget(participates && !refusal ? this.#target(conversation) : null);
  }

  /** @param {Conversation} conversation */
  #target(conversation) {
    const name = conversationTitle(this.app.store, conversation);
    return {
      draft: conversation.id,
      conversation: conversation.id,
      label: interpolate(gettext("Message %(name)s"), { name }),
      send: (/** @type {string} */ text) => {
        this.app.client.outbox.add(conversation.id, text);
        void this.history.toEnd();
      },
      onKey: () => this.app.client.signals.type(conversation.id),
      editLast: () => this.#editLast(conversation),
      heldUntil: this.#heldUntil(conversation),
    };
  }

  /** @param {Conversation} conversation @returns {number} the end of the pause that slow mode requires after the member's last message */
  #heldUntil({ id, slow_mode, last_seq }) {
    if (!slow_mode || runs(this.app, id)) return 0;
    const mine = this.#recent(id, last_seq)
      .filter((message) => message.author === this.app.store.me)
      .at(-1);
    return mine ? Date.parse(mine.created_at) + slow_mode * 1_000 : 0;
  }

  /** @param {string} id @param {number} last_seq */
  #recent(id, last_seq) {
    return this.app.store.between(id, Math.max(1, last_seq - RECENT), last_seq);
  }

  /** Edit the member's last message, unless a newer one is still being sent. @param {Conversation} conversation */
  #editLast({ id, last_seq }) {
    if (this.app.client.outbox.entries(id).some((entry) => !entry.thread && entry.state === "sending")) return true;
    const mine = this.#recent(id, last_seq).filter(
      (one) => one.author === this.app.store.me && !one.deleted_at && !one.hidden_at && !one.thread,
    );
    const node = this.history.list.nodeOf(this.history.list.atSeq(mine.at(-1)?.seq ?? 0));
    if (node) void this.editor().then(({ editMessage }) => editMessage(this.app, node));
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

/**
 * Return the reason why a participant cannot write here, as a sentence; empty if they can.
 *
 * @param {App} app
 * @param {Conversation} conversation
 * @param {{inThread?: boolean}} [options] everybody may reply in threads, also in a channel for announcements
 */
export function refusalIn(app, conversation, { inThread = false } = {}) {
  const muted = muteOf(app.store);
  if (conversation.archived_at) return gettext("This channel is archived. It can be read and searched, not written to.");
  if (muted) {
    const sentence = interpolate(gettext("A moderator has muted you until %(time)s. You can read, not write."), {
      time: fullDate(muted.until),
    });
    return muted.reason ? interpolate(gettext("%(sentence)s Reason: %(reason)s"), { sentence, reason: muted.reason }) : sentence;
  }
  if (conversation.locked_at && !app.config.rights.includes("moderate"))
    return gettext("A moderator has locked this conversation. It can be read, not written to.");
  if (conversation.announcement_only && !inThread && !runs(app, conversation.id)) {
    return gettext("Only its admins write in this channel. You can react, and reply in threads.");
  }
  return "";
}

/**
 * Call `render` when a mute ends. The end of a mute causes no event.
 *
 * @param {App} app @param {() => void} render
 */
export function whenMuteEnds({ store }, render) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  store.observe(({ members }) => {
    if (!members.has(store.me)) return;
    clearTimeout(timer);
    const left = muteOf(store)?.left ?? 0;
    if (left > 0 && left < LONGEST_TIMER) timer = setTimeout(render, left + AFTER);
  });
}

/**
 * Return the member's current mute, with its reason if the store has it.
 *
 * @param {Store} store
 * @returns {{until: string, reason: string, left: number} | null} `left` in milliseconds
 */
export function muteOf(store) {
  const until = store.members.get(store.me)?.muted_until;
  const left = until ? Date.parse(until) - serverClock.now() : 0;
  if (!until || left <= 0) return null;
  const mute = [...store.entities.sanctions.values()].find((one) => one.kind === "mute" && !one.lifted_at && one.until === until);
  return { until, reason: mute?.reason ?? "", left };
}

/** @param {App} app @param {string} id whether the member is an admin of the channel or a moderator */
function runs(app, id) {
  return app.store.ownParticipant(id)?.role === "admin" || app.config.rights.includes("moderate");
}
