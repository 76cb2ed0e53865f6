/** @import {App} from "../shell/app.js" */
/** @import {Message} from "../../client/types.js" */
/** @import {Row} from "./message-rows.js" */

import { clone, setIcon, setText } from "../lib/dom.js";
import { clearTime, clockChoice, dayKey, fillAvatar, fullDate, listOf, repliesLabel, timeOfDay, writeTime } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { memberName, showNames } from "../lib/names.js";
import { setMessageHtml, textOf } from "../lib/trusted-html.js";

const EXCERPT = 90; // characters of the message to which a reply belongs
const PATIENCE = 1_500; // milliseconds before a message shows that it is being sent: most have arrived by then

/** The row of one message, from being sent until it is deleted, when a note remains. */
export class MessageNode {
  #shown = "";
  #prose = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("message");
    this.root = root;
    this.slots = slots;
    /** @type {Row | null} */
    this.row = null;
  }

  /** @param {Row} row */
  update(row) {
    this.row = row;
    const { message, entry } = row;
    const author = this.app.store.members.get(message?.author ?? this.app.store.me);
    const shown = [
      row.kind,
      message?.version,
      message?.expired,
      entry?.state,
      row.compact,
      contextKey(row),
      repliesKey(row),
      author?.version,
      this.#peopleKey(row),
      clockChoice(),
      this.#isEditBegun(row),
    ].join(" ");
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.root.classList.toggle("is-compact", row.compact ?? false);
    fillAvatar(this.slots.avatar, author ?? undefined);
    setText(this.slots.author, author?.name ?? gettext("Somebody"));
    this.slots.author.dataset.argument = this.slots.avatar.dataset.argument = author?.id ?? "";
    this.slots.status.setAttribute("member", author?.id ?? "");
    this.#showTime(message?.created_at ?? entry?.created_at ?? "", message);
    this.#showContext(row);
    if (message) this.#showMessage(message);
    if (message) this.#showReplies(message, row);
    if (entry) this.#showEntry(entry);
  }

  /** @param {Message} message */
  #showMessage(message) {
    const { state, prose } = this.slots;
    this.root.dataset.seq = String(message.seq);
    this.root.dataset.message = message.id;
    this.root.classList.remove("is-pending", "is-failed");
    this.root.classList.toggle("is-deleted", isGone(message));
    this.root.classList.toggle("is-pinned", Boolean(message.pinned_at));
    this.root.classList.toggle("is-mention", message.mentions.includes(this.app.store.me));
    state.hidden = true;
    this.#showProse(message);
    this.slots.begun.hidden = !this.#isEditBegun({ message });
    prose.classList.toggle("is-jumbo", isJumbo(message.text));
    this.#showPinned(message);
    this.#showReactions(message);
  }

  /** @param {Pick<Row, "message">} row */
  #isEditBegun({ message }) {
    return message !== undefined && this.app.client.edits.get(message.id) !== undefined;
  }

  /** Show present names, which may become known after rendering. @param {Row} row */
  #peopleKey({ message, replies }) {
    const ids = [message?.pinned_by, ...(replies?.authors ?? []), ...(message?.reactions ?? []).flatMap(({ members }) => members)];
    return ids.map((id) => id && this.app.store.members.get(id)?.version).join();
  }

  /** @param {Message} message */
  #showPinned({ pinned_at, pinned_by }) {
    this.slots.pinned.hidden = !pinned_at;
    if (!pinned_at) return;
    const name = pinned_by === this.app.store.me ? gettext("you") : memberName(this.app.store, pinned_by ?? "");
    setText(this.slots["pinned-text"], interpolate(gettext("Pinned by %(name)s"), { name }));
  }

  /** Show the number of replies, the repliers and the latest reply. @param {Message} message @param {Row} row */
  #showReplies(message, { replies, unreadReplies = 0 }) {
    const { slots } = this;
    slots.replies.hidden = message.reply_count === 0;
    if (message.reply_count === 0) return;
    setText(slots["replies-text"], repliesLabel(message.reply_count));
    setText(slots["replies-new"], unreadReplies > 0 ? interpolate(gettext("%(count)s new"), { count: unreadReplies }) : "");
    slots["replies-faces"].replaceChildren(...(replies?.authors ?? []).map((id) => this.#face(id)));
    const at = replies?.last?.created_at;
    const format = gettext("last %(time)s");
    if (!at) clearTime(slots["replies-last"]);
    else if (dayKey(at) === dayKey(message.created_at)) clearTime(slots["replies-last"], interpolate(format, { time: timeOfDay(at) }));
    else writeTime(slots["replies-last"], at, { format });
  }

  /** @param {string} id */
  #face(id) {
    const face = document.createElement("span");
    face.className = "avatar avatar-face";
    fillAvatar(face, this.app.store.members.get(id));
    return face;
  }

  /** @param {Message} message is rendered only when it has changed, so that a selection in it stays */
  #showProse(message) {
    const key = isGone(message) ? `gone ${message.deleted_at} ${message.expired}` : `${message.html} ${message.edited_at}`;
    if (key === this.#prose) return;
    this.#prose = key;
    const { prose } = this.slots;
    if (message.expired) prose.textContent = gettext("This message is past its time.");
    else if (message.deleted_at) prose.textContent = gettext("This message was deleted.");
    else if (message.hidden_at) prose.textContent = gettext("Hidden by a moderator");
    else {
      setMessageHtml(prose, message.html);
      enrich(this.app, prose);
      if (message.edited_at) appendEdited(prose, message.edited_at);
    }
  }

  /** @param {NonNullable<Row["entry"]>} entry */
  #showEntry(entry) {
    const { prose, state } = this.slots;
    const failed = entry.state === "failed";
    this.root.dataset.ref = entry.ref;
    this.root.classList.add("is-pending");
    this.root.classList.toggle("is-failed", failed);
    prose.textContent = entry.text;
    this.#prose = "";
    this.slots.retry.hidden = this.slots.discard.hidden = !failed;
    setIcon(this.slots["state-icon"], failed ? "alert" : "clock");
    const reason = interpolate(gettext("Not sent: %(reason)s"), { reason: entry.error ?? "" });
    setText(this.slots["state-text"], failed ? reason : gettext("Sending…"));
    state.hidden = !failed;
    if (!failed) setTimeout(() => (state.hidden = !this.root.classList.contains("is-pending")), PATIENCE);
  }

  /** @param {Message} message */
  #showReactions(message) {
    const { reactions } = this.slots;
    reactions.hidden = message.reactions.length === 0;
    const buttons = message.reactions.map(({ emoji, members }) => {
      const old = reactions.querySelector(`[data-emoji="${CSS.escape(emoji)}"]`);
      const { root } = old ? { root: old } : clone("reaction");
      const names = members.map((id) => (id === this.app.store.me ? gettext("you") : memberName(this.app.store, id)));
      const who = interpolate(gettext("by %(people)s"), { people: listOf(names) });
      root.dataset.emoji = emoji;
      root.title = `${emoji} ${who}`;
      root.setAttribute("aria-pressed", String(members.includes(this.app.store.me)));
      setText(root.children[0], emoji);
      setText(root.children[1], String(members.length));
      setText(root.children[2], who);
      return root;
    });
    reactions.replaceChildren(...buttons, ...(buttons.length ? [this.#addReaction] : []));
  }

  #addReaction = clone("add-reaction").root;

  /** @param {Row} row */
  #showContext(row) {
    const { context } = this.slots;
    context.hidden = row.context === undefined;
    if (row.context === undefined) return;
    context.dataset.thread = row.context?.id ?? row.message?.thread ?? row.entry?.thread ?? "";
    setText(this.slots["context-text"], this.#contextText(row.context, row.near ?? false));
  }

  /** @param {Message | null} root @param {boolean} near whether the root, or another reply to it, is the row above */
  #contextText(root, near) {
    if (!root) return gettext("Replied in a thread");
    if (near) return interpolate(gettext("Replied to %(name)s"), { name: memberName(this.app.store, root.author) });
    const text = isGone(root) ? gettext("a deleted message") : excerpt(root.html);
    return interpolate(gettext("Replied to %(name)s: %(text)s"), { name: memberName(this.app.store, root.author), text });
  }

  /** @param {string} at @param {Message | undefined} message */
  #showTime(at, message) {
    const { gutter, permalink, time } = this.slots;
    const label = timeOfDay(at);
    setText(time, label);
    setText(gutter, label);
    time.dateTime = at;
    permalink.title = gutter.title = fullDate(at);
    for (const link of [gutter, permalink]) {
      if (message) link.href = this.app.router.path(message.conversation, message.seq);
    }
  }
}

/** @param {string} html of a message @returns {string} the beginning of its text, on one line */
export function excerpt(html) {
  const line = [...textOf(html).replace(/\s+/g, " ").trim()];
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT).join("")}…` : line.join("");
}

/** Add what the server does not know: addresses in this page, present names, and who reads. @param {App} app @param {HTMLElement} prose */
export function enrich(app, prose) {
  // Elements with a direction of their own do not influence the direction of the block.
  for (const element of prose.querySelectorAll(":scope > *, code, .mention, .channel")) {
    element.setAttribute("dir", element.matches("code, .code") ? "ltr" : "auto");
  }
  showNames(app.store, prose);
  for (const link of prose.querySelectorAll("a.channel[data-conversation]")) {
    link.setAttribute("href", app.router.path(link.getAttribute("data-conversation") ?? ""));
  }
  for (const mention of prose.querySelectorAll(".mention")) {
    const member = mention.getAttribute("data-member");
    const calls = member === app.store.me || mention.matches(".mention-wide");
    mention.classList.toggle("is-me", calls && !mention.matches(".mention-silent"));
    if (!member) continue;
    Object.assign(/** @type {HTMLElement} */ (mention).dataset, { command: "profile", argument: member });
    if (!app.store.members.has(member)) meetLater(app, member);
  }
  for (const code of prose.querySelectorAll("pre")) {
    code.tabIndex = 0; // it scrolls, so it must be reachable by keyboard
    const { root } = clone("copy-code");
    code.after(root);
  }
}

/** @type {Set<string>} unknown members that are mentioned, to be fetched together */
const strangers = new Set();

/** @param {App} app @param {string} member */
function meetLater(app, member) {
  strangers.add(member);
  if (strangers.size > 1) return;
  queueMicrotask(() => {
    const ids = [...strangers];
    strangers.clear();
    void app.client.meet(ids);
  });
}

/** @param {Message} message @returns {boolean} whether it has no text, because it is deleted or hidden */
export const isGone = (message) => Boolean(message.deleted_at || message.hidden_at || message.expired);

/** @param {Element} prose @param {string} at */
function appendEdited(prose, at) {
  const { root } = clone("edited-mark");
  root.title = fullDate(at);
  const last = prose.lastElementChild;
  if (last?.tagName === "P") last.append(" ", root);
  else prose.append(root);
}

/** @param {string} text @returns {boolean} whether it has one to three emoji and nothing else, which are shown large */
function isJumbo(text) {
  return text.length <= 24 && /^(?:\p{Extended_Pictographic}[\u{1F3FB}-\u{1F3FF}\uFE0F\u200D]*\s*){1,3}$/u.test(text);
}

/** @param {Row} row */
function repliesKey({ replies, unreadReplies }) {
  return `${replies?.authors} ${replies?.last?.id} ${unreadReplies}`;
}

/** @param {Row} row */
function contextKey(row) {
  return row.context === undefined ? "-" : `${row.context?.version ?? "?"} ${row.near}`;
}
