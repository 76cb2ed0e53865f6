/** @import {App} from "../shell/app.js" */
/** @import {Entry} from "../../client/outbox.js" */

/**
 * A text that is written and not sent, in this browser.
 *
 * @typedef {object} Draft
 * @property {string} conversation
 * @property {string | null} thread its head
 * @property {number | null} seq of the message whose edit was begun
 * @property {string} text
 */

/** @param {App} app @returns {Draft[]} those of conversations in which the member takes part */
export function draftsOf({ client, store }) {
  const drafts = client.drafts.all.map(({ target, text }) => {
    const [conversation = "", thread = null] = target.split(":");
    return { conversation, thread, seq: null, text };
  });
  const edits = client.edits.list().map(({ conversation, seq, text }) => ({ conversation, thread: null, seq, text }));
  return [...drafts, ...edits].filter(({ conversation }) => store.ownParticipant(conversation));
}

/** @param {App} app @returns {Entry[]} messages that the server has refused, in the order in which they were written */
export function failedOf({ client }) {
  return client.outbox.all.filter((entry) => entry.state === "failed");
}
