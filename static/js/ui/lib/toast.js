import { ApiError } from "../../client/api.js";
import { byId, clone } from "./dom.js";
import { gettext } from "./i18n.js";

const SHOWN = 4_000; // milliseconds

/** @param {string} text text about what was just done, which need not be read */
export function toast(text) {
  const container = byId("toasts");
  const { root } = clone("toast");
  root.textContent = text;
  container.append(root);
  if (!container.matches(":popover-open")) container.showPopover(); // above an open dialog as well
  setTimeout(() => {
    root.remove();
    if (!container.childElementCount) container.hidePopover();
  }, SHOWN);
}

/** @param {ApiError} error @returns {string} the error as a sentence for the member */
export function explain(error) {
  if (error.code === "portal") return gettext("This network asks you to sign in first.");
  if (error.status === 0) return gettext("No answer from the server. Check your connection and try again.");
  return Object.values(error.errors).flat()[0] ?? error.message;
}

// Show failures that no caller handles: a part of the page that could not be fetched, after a press without a network.
globalThis.addEventListener?.("unhandledrejection", (event) => {
  if (!(event.reason instanceof ApiError) || event.reason.status !== 0) return;
  event.preventDefault();
  toast(explain(event.reason));
});
