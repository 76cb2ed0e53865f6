/** @import {Section} from "../../client/types.js" */

import { byId, clone, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";

/** @type {Map<string, ReturnType<typeof clone>>} by section */
const boxes = new Map();

/** Show the member's own sections between favourites and channels, empty ones as well. @param {Section[]} sections */
export function showSections(sections) {
  const wanted = new Set(sections.map(({ id }) => id));
  for (const id of boxes.keys()) if (!wanted.has(id)) boxes.delete(id);
  for (const section of sections) showHeading(boxOf(section.id), section);
  fillList(
    byId("side-own-sections"),
    sections.map(({ id }) => boxes.get(id)?.root),
  );
}

/** @param {string} id */
function boxOf(id) {
  const box = boxes.get(id) ?? clone("side-section");
  boxes.set(id, box);
  return box;
}

/** @param {ReturnType<typeof clone>} box @param {Section} section */
function showHeading({ root, slots }, { id, name }) {
  root.id = `side-${id}-section`;
  slots.list.id = `side-${id}-list`;
  slots.fold.id = `side-${id}`;
  slots.fold.dataset.fold = slots.more.dataset.sectionMenu = root.dataset.section = id;
  slots.fold.setAttribute("aria-controls", slots.list.id);
  root.setAttribute("aria-labelledby", slots.fold.id);
  setText(slots.name, name);
  slots.more.setAttribute("aria-label", interpolate(gettext("Actions for the section %(name)s"), { name }));
}

/** Replace the children of a list if they differ, and keep the focus. @param {HTMLElement} list @param {HTMLElement[]} roots */
export function fillList(list, roots) {
  if (roots.length === list.children.length && roots.every((root, index) => list.children[index] === root)) return;
  const focused = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  list.replaceChildren(...roots);
  focused?.focus({ preventScroll: true });
}
