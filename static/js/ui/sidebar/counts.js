/** @import {App} from "../shell/app.js" */

import { byId, everyFrame, setText } from "../lib/dom.js";
import { ngettext } from "../lib/i18n.js";
import { countLabel } from "./row.js";
import { draftsOf, failedOf } from "./unsent.js";

/** Show how many followed threads have unread replies, and how many drafts and failed messages there are. @param {App} app */
export function showCounts(app) {
  const { store, client } = app;
  const show = everyFrame(() => {
    showThreads(unreadThreads(app).size);
    showDrafts(draftsOf(app).length, failedOf(app).length);
  }, 250);
  store.observe((changes) => (changes.attention.size || changes.participants.size || changes.conversations.size) && show());
  for (const source of [client.drafts, client.edits, client.outbox]) source.observe(show);
  show();
}

/** @param {App} app @returns {Set<string>} threads with unread replies that concern the member */
export function unreadThreads({ store }) {
  const found = new Set();
  for (const one of store.entities.attention.values()) {
    const concerns = one.thread && !one.withdrawn_at && one.author !== store.me;
    if (concerns && !store.ownParticipant(one.conversation)?.muted && store.isUnread(one)) found.add(one.thread);
  }
  return found;
}

/** @param {number} count */
function showThreads(count) {
  byId("threads-badge").hidden = count === 0;
  setText(byId("threads-count"), countLabel(count));
  byId("threads-badge")
    .closest("a")
    .classList.toggle("is-unread", count > 0);
}

/** @param {number} drafts @param {number} failed */
function showDrafts(drafts, failed) {
  const badge = byId("drafts-badge");
  const count = failed || drafts;
  badge.hidden = count === 0;
  badge.classList.toggle("badge-danger", failed > 0);
  setText(byId("drafts-count"), countLabel(count));
  const words = failed ? ngettext("message not sent", "messages not sent", failed) : ngettext("draft", "drafts", drafts);
  setText(byId("drafts-words"), words);
}
