/** @import {Change, Kind, Values} from "../../client/changes.js" */
/** @import {App} from "../shell/app.js" */

import { OutboxFull } from "../../client/outbox.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";

/** @type {Record<Kind, (change: Change) => string>} what a refusal says; the reason follows */
const REFUSED = {
  reaction: ({ value }) =>
    interpolate(value.on ? gettext("%(emoji)s was not added.") : gettext("%(emoji)s was not removed."), { emoji: value.emoji }),
  pin: ({ value }) => (value.on ? gettext("The message was not pinned.") : gettext("The message is still pinned.")),
  edit: () => gettext("Your edit was not saved."),
  delete: () => gettext("The message was not deleted."),
  own: () => gettext("Your settings for this conversation were not saved."),
  details: () => gettext("The name and topic were not changed."),
  join: () => gettext("You did not join the channel."),
};

/**
 * Make a change, which is shown at once and sent when the server can be reached.
 *
 * @template {Kind} K
 * @param {App} app
 * @param {K} kind
 * @param {string} conversation
 * @param {string} target
 * @param {Values[K]} value
 * @returns {boolean} false if too much is waiting already; the member is informed
 */
export function makeChange(app, kind, conversation, target, value) {
  try {
    app.client.outbox.change(kind, conversation, target, value);
    return true;
  } catch (error) {
    if (!(error instanceof OutboxFull)) throw error;
    toast(gettext("Too many changes are waiting for the connection. This one was not made."));
    return false;
  }
}

/** @param {App} app @param {string} target @returns {{waiting: Change[], refused: Change[]}} its changes that are not confirmed */
export function changesOn(app, target) {
  const changes = app.client.outbox.changesOf(target);
  return {
    waiting: changes.filter(({ state }) => state === "sending"),
    refused: changes.filter(({ state }) => state === "failed"),
  };
}

/** @param {Change[]} changes that were refused @returns {string} that they were, and why */
export function refusalOf(changes) {
  return changes.map((change) => [REFUSED[change.kind](change), change.error].filter(Boolean).join(" ")).join(" ");
}

/** @param {App} app @returns {boolean} whether nothing can be sent now */
export function isCutOff({ client }) {
  return ["offline", "portal", "connecting", "signed-out"].includes(client.stream.status);
}
