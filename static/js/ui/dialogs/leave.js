/** @import {App} from "../shell/app.js" */
/** @import {Conversation} from "../../client/types.js" */

import { leaveConversation } from "../../client/actions.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { confirm } from "./dialog.js";

/** Leave a channel, after a question if the member cannot come back alone. Throws ApiError. @param {App} app @param {Conversation} conversation */
export async function leave({ client, router }, conversation) {
  if (conversation.kind === "private") {
    const title = interpolate(gettext("Leave #%(name)s?"), { name: conversation.name ?? "" });
    const text = gettext("This channel is private. To come back, somebody in it must add you.");
    if (!(await confirm({ title, text, yes: gettext("Leave") }))) return;
  }
  await leaveConversation(client, conversation.id);
  if (router.route.conversation === conversation.id) router.go(router.root);
}
