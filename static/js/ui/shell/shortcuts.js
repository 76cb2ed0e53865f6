import { gettext } from "../lib/i18n.js";
import { keyOf } from "../lib/keys.js";

/**
 * The keys of the page in one table. The handler (main.js), the help, the palette and the menus read it.
 *
 * @typedef {object} Shortcut
 * @property {string} keys as chordOf() returns them; "Mod" is Ctrl, on a Mac ⌘
 * @property {string} command of commands.js
 * @property {string} label
 * @property {string} group
 */

const getAround = gettext("Getting around");
const read = gettext("Reading");
const everything = gettext("Everything else");

/** @type {Shortcut[]} */
export const SHORTCUTS = [
  { keys: "Mod+K", command: "palette", label: gettext("Jump to a conversation, a person or a command"), group: getAround },
  { keys: "Alt+ArrowDown", command: "next", label: gettext("Next conversation"), group: getAround },
  { keys: "Alt+ArrowUp", command: "previous", label: gettext("Previous conversation"), group: getAround },
  { keys: "Alt+Shift+ArrowDown", command: "next-unread", label: gettext("Next unread conversation"), group: getAround },
  { keys: "Alt+Shift+ArrowUp", command: "previous-unread", label: gettext("Previous unread conversation"), group: getAround },
  { keys: "/", command: "search", label: gettext("Search messages"), group: getAround },
  { keys: "Mod+Shift+M", command: "mentions", label: gettext("Mentions and replies"), group: getAround },
  { keys: "Mod+Shift+E", command: "people", label: gettext("People"), group: getAround },
  { keys: "Mod+Shift+L", command: "browse-channels", label: gettext("Browse channels"), group: getAround },
  { keys: "Escape", command: "mark-read", label: gettext("Mark the conversation read"), group: read },
  { keys: "Shift+Escape", command: "mark-all-read", label: gettext("Mark everything read"), group: read },
  { keys: "Mod+Shift+K", command: "new-message", label: gettext("New message"), group: everything },
  { keys: "Mod+,", command: "preferences", label: gettext("Preferences"), group: everything },
  { keys: "?", command: "help", label: gettext("Keyboard shortcuts"), group: everything },
];

const isMac = /Mac|iP(hone|ad|od)/.test(globalThis.navigator?.platform ?? "");

/**
 * @param {KeyboardEvent} event
 * @returns {string} "Mod+Shift+K"; signs such as "?" without the Shift that some keyboards need for them
 */
export function chordOf(event) {
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const other = isMac ? event.ctrlKey : event.metaKey;
  const name = keyOf(event);
  const isSign = name.length === 1 && !/\p{L}/u.test(name);
  const key = name.length === 1 ? name.toUpperCase() : name;
  return [mod && "Mod", other && "Other", event.altKey && "Alt", event.shiftKey && !isSign && "Shift", key].filter(Boolean).join("+");
}

/** @param {string} keys @returns {boolean} whether they write text in a text field */
export const isTyped = (keys) => !/^(Mod|Alt)\+/.test(keys);

/** @param {string} keys @returns {string[]} a caption for each key: "Ctrl", "Shift", "K" */
export function captions(keys) {
  /** @type {Record<string, string>} */
  const names = {
    Mod: isMac ? "⌘" : "Ctrl",
    Alt: isMac ? "⌥" : "Alt",
    Shift: isMac ? "⇧" : "Shift",
    Escape: "Esc",
    ArrowUp: "↑",
    ArrowDown: "↓",
  };
  return keys.split("+").map((key) => names[key] ?? key);
}

/** @param {string} command @returns {string} "Ctrl K", or "" */
export function keysOf(command) {
  const found = SHORTCUTS.find((shortcut) => shortcut.command === command);
  return found ? captions(found.keys).join(" ") : "";
}
