/** @import {App} from "../shell/app.js" */
/** @import {Conversation} from "../../client/types.js" */
/** @import {Item} from "./palette.js" */

import { fold } from "../lib/fuzzy.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { conversationTitle, isChannel } from "../lib/names.js";

/** @typedef {[label: string, icon: string, command: string, argument: unknown]} Act */

/**
 * The commands that act on one conversation: "Mute #general".
 *
 * @param {App} app
 * @param {Conversation} conversation in which the member takes part
 * @returns {Item[]}
 */
export function actsOn(app, conversation) {
  const name = conversationTitle(app.store, conversation);
  return acts(app, conversation).map(([label, icon, command, argument]) => {
    const text = interpolate(label, { name });
    return { kind: "command", label: text, folded: fold(text), icon, weight: -0.5, run: () => app.run(command, argument) };
  });
}

/** @param {App} app @param {Conversation} conversation @returns {Act[]} */
function acts({ store, config }, conversation) {
  const { id } = conversation;
  const own = store.ownParticipant(id);
  if (!own) return [];
  const change = (/** @type {string} */ action) => ({ id, action });
  const runsIt = own.role === "admin" || config.rights.includes("moderate");
  /** @type {(Act | false)[]} */
  const all = [
    [own.muted ? gettext("Unmute %(name)s") : gettext("Mute %(name)s"), "bell-off", "change-conversation", change("muted")],
    store.unread(id) > 0 && [gettext("Mark %(name)s read"), "check", "change-conversation", change("read")],
    [own.favourite ? gettext("Remove %(name)s from favourites") : FAVOURITE, "star", "change-conversation", change("favourite")],
    [gettext("Move %(name)s to a section"), "list", "move-menu", { id, origin: document.getElementById("palette-button") }],
    isChannel(conversation) && !conversation.archived_at && [gettext("Set a topic for %(name)s"), "edit", "settings", conversation],
    isChannel(conversation) && runsIt && !conversation.archived_at && [ARCHIVE, "archive", "change-conversation", change("archive")],
    isChannel(conversation) && [gettext("Leave %(name)s"), "leave", "leave", conversation],
  ];
  return all.filter((act) => act !== false);
}

const FAVOURITE = gettext("Add %(name)s to favourites");
const ARCHIVE = gettext("Archive %(name)s");
const VERBS = [
  ...[gettext("Unmute %(name)s"), gettext("Mute %(name)s"), gettext("Mark %(name)s read"), gettext("Remove %(name)s from favourites")],
  ...[FAVOURITE, gettext("Move %(name)s to a section"), gettext("Set a topic for %(name)s"), ARCHIVE, gettext("Leave %(name)s")],
].map((label) => fold(label.replace("%(name)s", "").trim()));

/** @param {string} word folded @returns {boolean} whether a command that acts on a conversation begins with it */
export const isVerb = (word) => VERBS.some((verb) => verb.startsWith(word));
