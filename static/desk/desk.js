// The keyboard of the admin site and the dialogs of its actions. j and k move through a list or through the queue, Enter opens,
// x selects a row, and the letter shown on a button presses it.
"use strict";
(() => {
  const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable=true]";

  /** @param {ParentNode | undefined} root @param {string} selector @returns {HTMLElement | null | undefined} */
  const find = (root, selector) => root?.querySelector(selector);
  /** @param {EventTarget | null} target @param {string} selector @returns {HTMLElement | null} */
  const closest = (target, selector) => (target instanceof Element ? target.closest(selector) : null);

  const rows = () => [...document.querySelectorAll("#result_list tr.data-row")];
  const current = () => rows().findIndex((row) => row.classList.contains("desk-current"));

  /** @param {number} by */
  function go(by) {
    const link = find(document, by > 0 ? "a[data-desk-after]" : "a[data-desk-before]");
    if (link) link.click();
    else move(by);
  }

  /** @param {number} by */
  function move(by) {
    const all = rows();
    if (!all.length) return;
    const next = Math.min(all.length - 1, Math.max(0, current() + by));
    for (const row of all) row.classList.remove("desk-current");
    all[next]?.classList.add("desk-current");
    find(all[next], "th a, td a")?.focus({ preventScroll: true });
    all[next]?.scrollIntoView({ block: "nearest" });
  }

  function choose() {
    find(rows()[current()], "input.action-select")?.click();
  }

  /** @param {HTMLElement} button */
  function open(button) {
    const dialog = document.getElementById(button.dataset.deskOpens ?? "");
    if (!(dialog instanceof HTMLDialogElement)) return;
    dialog.showModal();
    find(dialog, "textarea, select, input:not([type=hidden])")?.focus();
  }

  // If the keyboard has no Latin letters, use the letter at the key's position, as in static/js/ui/lib/keys.js.
  /** @param {KeyboardEvent} event */
  function letterOf({ key, code }) {
    if (key.length !== 1 || /[ -~]|\p{Script=Latin}/u.test(key)) return key;
    return /^Key([A-Z])$/.exec(code)?.[1]?.toLowerCase() ?? key;
  }

  /** @type {Record<string, () => void>} */
  const KEYS = { j: () => go(1), k: () => go(-1), x: choose };

  /** @param {KeyboardEvent} event @returns {(() => void) | null | undefined} what the key does */
  function actOf(event) {
    const key = letterOf(event);
    const button = find(document, `[data-desk-key="${CSS.escape(key)}"]`);
    if (!button) return Object.hasOwn(KEYS, key) ? KEYS[key] : null;
    return event.repeat ? null : () => button.click(); // a held key acts once
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const dialog = document.querySelector("dialog.desk-dialog[open]");
    if (dialog || closest(event.target, TYPING)) return;
    const act = actOf(event);
    if (!act) return;
    event.preventDefault();
    act();
  });

  // Ctrl+Enter sends the form, as in the chat.
  document.addEventListener("keydown", (event) => {
    const form = closest(event.target, "form.desk-form");
    if (form instanceof HTMLFormElement && !event.isComposing && event.key === "Enter" && (event.ctrlKey || event.metaKey))
      form.requestSubmit();
  });

  document.addEventListener("click", (event) => {
    const opener = closest(event.target, "[data-desk-opens]");
    if (opener) open(opener);
    closest(event.target, "[data-desk-closes]")?.closest("dialog")?.close();
  });

  // A file dropped outside of a file field would replace the page.
  for (const type of /** @type {const} */ (["dragover", "drop"])) {
    document.addEventListener(type, (event) => {
      if (closest(event.target, "input[type=file]") || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "none";
    });
  }

  // Add the landmark that unfold lacks. Its scrolling boxes would be several landmarks with the same name.
  addEventListener("load", () => {
    document.getElementById("main")?.setAttribute("role", "main");
    for (const box of document.querySelectorAll(".simplebar-content-wrapper")) box.setAttribute("role", "group");
  });

  // Do not submit a form twice after a second click.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLElement) || !form.matches("form.desk-form")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
})();
