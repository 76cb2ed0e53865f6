import { groupsOfKeys } from "../dialogs/keyboard-help.js";
import { clone } from "../lib/dom.js";

/** The keys of the page, as a section of the settings. */
export function make() {
  const { root, slots } = clone("settings-keyboard");
  return { element: root, open: () => slots.groups.replaceChildren(...groupsOfKeys()) };
}
