import { keyOf } from "../lib/keys.js";

/**
 * The keys of the page, as chordOf() writes them, and the command of commands.js that each one runs. "Mod" is Ctrl, on a Mac
 * ⌘. The handler (main.js) reads this table; shortcut-labels.js adds the labels for the help, the palette and the menus.
 *
 * @type {Record<string, string>}
 */
export const COMMANDS = {
  "Mod+K": "palette",
  "Alt+ArrowDown": "next",
  "Alt+ArrowUp": "previous",
  "Alt+Shift+ArrowDown": "next-unread",
  "Alt+Shift+ArrowUp": "previous-unread",
  "/": "search",
  "Mod+Shift+M": "mentions",
  "Mod+Shift+E": "people",
  "Mod+Shift+L": "browse-channels",
  Escape: "mark-read",
  "Shift+Escape": "mark-all-read",
  "Mod+Shift+K": "new-message",
  "Mod+,": "preferences",
  "?": "help",
};

export const isMac = /Mac|iP(hone|ad|od)/.test(globalThis.navigator?.platform ?? "");

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
