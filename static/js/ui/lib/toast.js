import { ApiError } from "../../client/api.js";
import { byId, clone } from "./dom.js";
import { gettext } from "./i18n.js";

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

/** @param {ApiError} error in words for a person */
export function explain(error) {
  if (error.code === "portal") return gettext("This network asks you to sign in first.");
  if (error.status === 0) return gettext("No answer from the server. Check your connection and try again.");
  return Object.values(error.errors).flat()[0] ?? error.message;
}

// Whatever could not be fetched and nobody answered for: a part of the page, when a button was pressed without a network.
globalThis.addEventListener?.("unhandledrejection", (event) => {
  if (!(event.reason instanceof ApiError) || event.reason.status !== 0) return;
  event.preventDefault();
  toast(explain(event.reason));
});
