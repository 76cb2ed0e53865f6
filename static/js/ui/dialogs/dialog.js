import { ApiError } from "../../client/api.js";
import { byId } from "../lib/dom.js";
import { explain } from "../lib/toast.js";

/**
 * Show a dialog of templates/chat/dialogs.html. It is closed by its close button, a press outside of it, or Escape.
 *
 * @param {HTMLDialogElement} dialog
 */
export function openDialog(dialog) {
  clearErrors(dialog);
  if (!dialog.dataset.wired) wire(dialog);
  if (!dialog.open) dialog.showModal();
}

/**
 * Run the work of a dialog. An error is shown beside its field, or above the buttons.
 *
 * @param {HTMLDialogElement} dialog
 * @param {() => Promise<unknown>} work
 * @returns {Promise<boolean>} whether it succeeded
 */
export async function attempt(dialog, work) {
  clearErrors(dialog);
  const buttons = [...dialog.querySelectorAll("button[type=submit]")].map((one) => /** @type {HTMLButtonElement} */ (one));
  for (const button of buttons) button.disabled = true;
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showError(dialog, error);
    return false;
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

/**
 * @param {{title: string, text: string, yes: string}} question
 * @returns {Promise<boolean>}
 */
export async function confirm(question) {
  return (await ask(question)) !== null;
}

/**
 * Ask for confirmation, and for a reason if `reason` is true.
 *
 * @param {{title: string, text: string, yes: string, reason?: boolean}} question
 * @returns {Promise<string | null>} the reason, "" if none was required; null if the member declined
 */
export function ask({ title, text, yes, reason = false }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("confirm"));
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = yes;
  const input = /** @type {HTMLInputElement} */ (byId("confirm-reason"));
  byId("confirm-reason-field").hidden = input.disabled = !reason;
  input.value = "";
  dialog.returnValue = "no";
  openDialog(dialog);
  if (reason) input.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? input.value.trim() : null), { once: true });
  });
}

/** @param {HTMLDialogElement} dialog */
function wire(dialog) {
  dialog.dataset.wired = "true";
  dialog.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target === dialog || target.closest("[data-action=close]")) dialog.close();
  });
}

/** @param {HTMLDialogElement} dialog @param {ApiError} error */
function showError(dialog, error) {
  for (const [field, sentences] of Object.entries(error.errors)) {
    const element = dialog.querySelector(`[data-error="${CSS.escape(field)}"]`);
    const input = /** @type {HTMLElement | null} */ (dialog.querySelector(`[name="${CSS.escape(field)}"]`));
    if (!element || !input) continue;
    reveal(element, sentences.join(" "));
    input.setAttribute("aria-invalid", "true");
    input.focus();
    return;
  }
  const element = dialog.querySelector('[data-error=""]');
  if (element) reveal(element, explain(error));
}

/** @param {HTMLDialogElement} dialog */
function clearErrors(dialog) {
  for (const element of dialog.querySelectorAll("[data-error]")) /** @type {HTMLElement} */ (element).hidden = true;
  for (const input of dialog.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

/** @param {Element} element @param {string} text */
function reveal(element, text) {
  element.textContent = text;
  /** @type {HTMLElement} */ (element).hidden = false;
}
