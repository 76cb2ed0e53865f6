import { beginLeaving, countUnsaved, isOwnDevice } from "../../client/device.js";
import { confirm } from "../dialogs/dialog.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";

/** Sign out. If that removes texts that were not sent, ask the member first. @param {HTMLFormElement} form */
export async function signOut(form) {
  const count = isOwnDevice(localStorage) ? 0 : countUnsaved(localStorage);
  const text = ngettext(
    "%(count)s message or draft is in this browser only. It is not marked as your own device, so signing out deletes it.",
    "%(count)s messages and drafts are in this browser only. It is not marked as your own device, so signing out deletes them.",
    count,
  );
  const title = gettext("Sign out and delete what is not sent?");
  if (count > 0 && !(await confirm({ title, text: interpolate(text, { count }), yes: gettext("Sign out") }))) return;
  beginLeaving(localStorage);
  form.submit();
}
