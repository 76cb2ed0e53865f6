/** @import {App} from "../shell/app.js" */

import { createConversation } from "../../client/actions.js";
import { byId } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";
import { attempt, openDialog } from "./dialog.js";
import { PeoplePicker } from "./people-picker.js";

/** @param {App} app wire the dialog that starts a direct or group message and opens it */
export function wireStartDirect(app) {
  /** @type {HTMLDialogElement} */
  const dialog = byId("start-direct");
  const submit = /** @type {HTMLButtonElement} */ (dialog.querySelector("[type=submit]"));
  const container = /** @type {HTMLElement} */ (dialog.querySelector("[data-slot=picker]"));
  const picker = new PeoplePicker(app.client, container, {
    label: gettext("To"),
    most: app.config.peopleAtMost,
    onChange: () => (submit.disabled = picker.chosen.length === 0),
  });
  dialog.addEventListener("submit", async (event) => {
    event.preventDefault();
    const members = picker.chosen;
    if (members.length === 0) return;
    await attempt(dialog, async () => {
      const { id } = await createConversation(app.client, { kind: members.length === 1 ? "direct" : "group", members });
      dialog.close();
      app.router.go(app.router.path(id));
    });
  });
  return () => {
    picker.clear();
    submit.disabled = true;
    openDialog(dialog);
    picker.input.focus();
  };
}
