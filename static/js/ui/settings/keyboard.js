import { groupsOfKeys } from "../dialogs/keyboard-help.js";
import { clone } from "../lib/dom.js";

/** The keys of the page, as a section of the settings. */
export function make() {
  const { root, slots } = clone("settings-keyboard");
  const groups = groupsOfKeys();
  for (const group of groups) group.querySelector("h3")?.setAttribute("aria-level", "2"); // below the heading of the section
  slots.groups.replaceChildren(...groups);
  return { element: root, open: () => {} };
}
