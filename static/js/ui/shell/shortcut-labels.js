import { gettext } from "../lib/i18n.js";
import { COMMANDS, isMac } from "./shortcuts.js";

/**
 * A key with its label, for the help, the palette and the menus.
 *
 * @typedef {object} Shortcut
 * @property {string} keys as chordOf() writes it
 * @property {string} command of commands.js
 * @property {string} label
 * @property {string} group
 */

const getAround = gettext("Getting around");
const read = gettext("Reading");
const everything = gettext("Everything else");

/** @type {Record<string, [string, string]>} by command: its label and the group that the help shows it in */
const LABELS = {
  palette: [gettext("Jump to a conversation, a person or a command"), getAround],
  next: [gettext("Next conversation"), getAround],
  previous: [gettext("Previous conversation"), getAround],
  "next-unread": [gettext("Next unread conversation"), getAround],
  "previous-unread": [gettext("Previous unread conversation"), getAround],
  search: [gettext("Search messages"), getAround],
  mentions: [gettext("Mentions and replies"), getAround],
  people: [gettext("People"), getAround],
  "browse-channels": [gettext("Browse channels"), getAround],
  "mark-read": [gettext("Mark the conversation read"), read],
  "mark-all-read": [gettext("Mark everything read"), read],
  "new-message": [gettext("New message"), everything],
  preferences: [gettext("Preferences"), everything],
  help: [gettext("Keyboard shortcuts"), everything],
};

/** @type {Shortcut[]} */
export const SHORTCUTS = Object.entries(COMMANDS).map(([keys, command]) => {
  const [label = "", group = everything] = LABELS[command] ?? [];
  return { keys, command, label, group };
});

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
