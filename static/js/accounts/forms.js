/** What the forms of the account pages do more with scripts than without. */

import { beginLeaving, countUnsaved, finishLeaving, isOwnDevice, setOwnDevice } from "../client/device.js";

const SLUG_LENGTH = 36; // as the server cuts it: room for a number

/** @param {string} name what the server would make of it, see accounts/actions/organizations.py */
function slugOf(name) {
  const plain = name
    .normalize("NFKD")
    .replace(/[^\p{ASCII}]/gu, "")
    .toLowerCase();
  return plain
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_LENGTH)
    .replace(/^-+|-+$/g, "");
}

/** An address follows the name as it is typed, until somebody types an address. @param {HTMLInputElement} slug */
function suggest(slug) {
  const source = slug.form?.elements.namedItem(slug.dataset.slugOf ?? "") ?? slug.form?.elements.namedItem("name");
  if (!(source instanceof HTMLInputElement) || slug.value) return;
  source.addEventListener("input", () => {
    if (!slug.dataset.typed) slug.value = slugOf(source.value);
  });
  slug.addEventListener("input", () => {
    slug.dataset.typed = slug.value;
  });
}

/** @param {HTMLButtonElement} button */
function offerCopy(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy ?? "")?.textContent?.trim() ?? "");
    button.textContent = button.dataset.done ?? "";
  });
}

/** What is kept in the browser stays after signing out where the device is one's own. @param {HTMLInputElement} box */
function askForOwnDevice(box) {
  box.checked = isOwnDevice(localStorage);
  box.addEventListener("change", () => setOwnDevice(localStorage, box.checked));
}

/** @param {HTMLFormElement} form */
function warnOfLoss(form) {
  const notice = form.querySelector("[data-unsent]");
  if (notice instanceof HTMLElement) notice.hidden = isOwnDevice(localStorage) || countUnsaved(localStorage) === 0;
  form.addEventListener("submit", () => beginLeaving(localStorage));
}

if (document.querySelector("[data-signed-out]")) finishLeaving(localStorage, sessionStorage);
for (const box of document.querySelectorAll("input[data-own-device]")) askForOwnDevice(/** @type {HTMLInputElement} */ (box));
for (const form of document.querySelectorAll("form[data-signs-out]")) warnOfLoss(/** @type {HTMLFormElement} */ (form));
for (const slug of document.querySelectorAll("input[data-slug-of]")) suggest(/** @type {HTMLInputElement} */ (slug));
for (const button of document.querySelectorAll("button[data-copy]")) offerCopy(/** @type {HTMLButtonElement} */ (button));
// On a phone the pages of an organization are one line to be pushed along.
document.querySelector(".page-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
