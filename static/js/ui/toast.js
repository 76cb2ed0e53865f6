import { byId, clone } from "./dom.js";

const SHOWN = 4_000; // milliseconds

/** @param {string} text a word about what was just done; nothing that must be read */
export function toast(text) {
  const place = byId("toasts");
  const { root } = clone("toast");
  root.textContent = text;
  place.append(root);
  if (!place.matches(":popover-open")) place.showPopover(); // above an open dialog too
  setTimeout(() => {
    root.remove();
    if (!place.childElementCount) place.hidePopover();
  }, SHOWN);
}
