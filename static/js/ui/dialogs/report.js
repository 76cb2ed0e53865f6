/** @import {App} from "../shell/app.js" */
/** @import {Message} from "../../client/types.js" */

import { byId } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { attempt, openDialog } from "./dialog.js";

/** Report a message to the moderators. @param {App} app @param {Message} message */
export function askForReport(app, message) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("report"));
  const form = /** @type {HTMLFormElement} */ (byId("report-form"));
  const { drafts } = app.client;
  const draft = `report:${message.id}`; // the comment is kept until the report is sent
  const field = /** @type {HTMLTextAreaElement} */ (byId("report-comment"));
  form.reset();
  field.value = drafts.get(draft);
  field.oninput = () => drafts.set(draft, field.value);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const { reason, comment } = Object.fromEntries(new FormData(form));
    const sent = await attempt(dialog, () => app.client.api.post(`messages/${message.id}/report`, { reason, comment }));
    if (!sent) return;
    drafts.set(draft, "");
    dialog.close();
    toast(gettext("Thank you. The moderators will look at it."));
  };
  openDialog(dialog);
}
