/** @import {Shortcut} from "../shell/shortcut-labels.js" */

import { gettext } from "../lib/i18n.js";

const onMessage = gettext("On a message");
const writing = gettext("Writing");

/** The keys on a message with the focus. message-actions.js uses this table, and the help shows it. @type {Shortcut[]} */
export const MESSAGE_KEYS = [
  { keys: "J", command: "", label: gettext("Next message"), group: onMessage },
  { keys: "K", command: "", label: gettext("Previous message"), group: onMessage },
  { keys: "R", command: "react", label: gettext("React"), group: onMessage },
  { keys: "T", command: "reply", label: gettext("Reply in its thread"), group: onMessage },
  { keys: "E", command: "edit", label: gettext("Edit"), group: onMessage },
  { keys: "P", command: "pin", label: gettext("Pin, or unpin"), group: onMessage },
  { keys: "U", command: "unread", label: gettext("Mark unread from here"), group: onMessage },
  { keys: "C", command: "link", label: gettext("Copy its link"), group: onMessage },
  { keys: "M", command: "more", label: gettext("Everything else"), group: onMessage },
  { keys: "Delete", command: "delete", label: gettext("Delete"), group: onMessage },
];

/** The keys in a composer, with formats as commands. writing.js uses this table, and the help shows it. @type {Shortcut[]} */
export const WRITING_KEYS = [
  { keys: "ArrowUp", command: "", label: gettext("Edit your last message"), group: writing },
  { keys: "Mod+B", command: "bold", label: gettext("Bold"), group: writing },
  { keys: "Mod+I", command: "italic", label: gettext("Italic"), group: writing },
  { keys: "Mod+Shift+X", command: "strike", label: gettext("Strikethrough"), group: writing },
  { keys: "Mod+Shift+U", command: "link", label: gettext("Link"), group: writing },
  { keys: "Mod+Shift+8", command: "list", label: gettext("List"), group: writing },
  { keys: "Mod+Shift+9", command: "quote", label: gettext("Quote"), group: writing },
  { keys: "Mod+Shift+C", command: "code", label: gettext("Code"), group: writing },
  { keys: "Mod+Alt+C", command: "code-block", label: gettext("Block of code"), group: writing },
];
