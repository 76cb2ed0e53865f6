/** @import {App} from "../shell/app.js" */
/** @import {Message} from "../../client/types.js" */
/** @import {Row} from "./message-rows.js" */

import { clone, setText } from "../lib/dom.js";
import { fullDate, listOf, timeOfDay } from "../lib/format.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { memberName } from "../lib/names.js";
import { excerpt } from "./message.js";

/** The row for replies in a thread: who replied, how often, and the last reply. */
export class ActivityNode {
  #shown = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("thread-activity");
    this.root = root;
    this.slots = slots;
  }

  /** @param {Row} row */
  update({ activity = [] }) {
    const first = activity[0];
    const last = activity.at(-1);
    if (!first || !last) return;
    const names = [...new Set(activity.map((message) => message.author))].map((id) => this.#name(id));
    const shown = [activity.length, last.seq, last.version, ...names].join(" ");
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.root.dataset.first = String(first.seq);
    this.root.dataset.seq = String(last.seq);
    this.slots.button.dataset.thread = last.thread ?? "";
    this.slots.button.dataset.conversation = last.conversation;
    this.slots.button.classList.toggle(
      "is-mention",
      activity.some((one) => one.mentions.includes(this.app.store.me)),
    );
    const replied = ngettext("%(names)s replied in a thread", "%(names)s replied in a thread, %(count)s times", activity.length);
    setText(this.slots.who, interpolate(replied, { names: listOf(names), count: activity.length }));
    setText(this.slots.text, textOf(last));
    setText(this.slots.time, timeOfDay(last.created_at));
    this.slots.time.dateTime = last.created_at;
    this.slots.time.title = fullDate(last.created_at);
  }

  /** @param {string} id */
  #name(id) {
    return id === this.app.store.me ? gettext("You") : memberName(this.app.store, id);
  }
}

/** @param {Message} message */
function textOf(message) {
  if (message.deleted_at) return gettext("a deleted message");
  if (message.hidden_at) return gettext("a hidden message");
  return excerpt(message.html);
}
