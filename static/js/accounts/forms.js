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

/** Show what is typed into a password field, while the button is pressed in. @param {HTMLButtonElement} button */
function offerReveal(button) {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById(button.dataset.reveals ?? ""));
  if (!field) return;
  button.hidden = false;
  const show = (/** @type {boolean} */ shown) => {
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  button.addEventListener("click", () => show(field.type === "password"));
  field.form?.addEventListener("submit", () => show(false)); // so that the browser stores it as a password
}

const LEAST = 10; // characters, as AUTH_PASSWORD_VALIDATORS ask for
const STRONG = 14; // characters, of at least as many different ones as LEAST

/** Show how strong a new password is. The server decides whether it is accepted. @param {HTMLElement} line */
function showStrength(line) {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById(line.dataset.strengthOf ?? ""));
  const word = line.querySelector("[data-word]");
  field?.addEventListener("input", () => {
    const { length } = field.value;
    const level = length < LEAST ? "short" : length >= STRONG && new Set(field.value).size >= LEAST ? "strong" : "fair";
    line.hidden = length === 0;
    line.dataset.level = level;
    if (word) word.textContent = line.dataset[level] ?? "";
  });
}

/** Ask one question after the other. Every step checks its own fields. @param {HTMLFormElement} form */
function askStepByStep(form) {
  const steps = [...form.querySelectorAll("[data-step]")].map((one) => /** @type {HTMLFieldSetElement} */ (one));
  const show = (/** @type {number} */ index) => {
    for (const [at, step] of steps.entries()) step.hidden = at !== index;
    const fields = [...(steps[index]?.querySelectorAll("input") ?? [])];
    (fields.find((field) => field.getAttribute("aria-invalid")) ?? fields.find((field) => !field.value) ?? fields[0])?.focus();
  };
  const moves = [...form.querySelectorAll("[data-count], [data-next], [data-back]")].map((one) => /** @type {HTMLElement} */ (one));
  for (const move of moves) move.hidden = false;
  for (const [index, step] of steps.entries()) {
    const goOn = () => [...step.querySelectorAll("input")].every((field) => field.reportValidity()) && show(index + 1);
    step.querySelector("[data-next]")?.addEventListener("click", goOn);
    step.querySelector("[data-back]")?.addEventListener("click", () => show(index - 1));
    step.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement) || !step.querySelector("[data-next]")) return;
      event.preventDefault(); // it would send the form
      goOn();
    });
  }
  const refused = steps.findIndex((step) => step.querySelector("[aria-invalid]"));
  show(Math.max(refused, 0));
}

/** Fill in the preview while somebody types. @param {HTMLElement} shown */
function preview(shown) {
  const field = document.querySelector(`input[name="${shown.dataset.shows}"]`);
  if (!(field instanceof HTMLInputElement)) return;
  const write = () => {
    const text = field.value.trim() || (shown.dataset.otherwise ?? "");
    shown.textContent = shown.dataset.letters ? [...text].slice(0, Number(shown.dataset.letters)).join("").toUpperCase() : text;
  };
  field.addEventListener("input", write);
  write();
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

/** Give the forms of a page, or of a part of one, what they do with scripts only. @param {ParentNode} root */
export function enhance(root) {
  for (const box of root.querySelectorAll("input[data-own-device]")) askForOwnDevice(/** @type {HTMLInputElement} */ (box));
  for (const form of root.querySelectorAll("form[data-signs-out]")) warnOfLoss(/** @type {HTMLFormElement} */ (form));
  for (const slug of root.querySelectorAll("input[data-slug-of]")) suggest(/** @type {HTMLInputElement} */ (slug));
  for (const button of root.querySelectorAll("button[data-reveals]")) offerReveal(/** @type {HTMLButtonElement} */ (button));
  for (const line of root.querySelectorAll("[data-strength-of]")) showStrength(/** @type {HTMLElement} */ (line));
  for (const shown of root.querySelectorAll("[data-shows]")) preview(/** @type {HTMLElement} */ (shown));
  for (const form of root.querySelectorAll("form[data-steps]")) askStepByStep(/** @type {HTMLFormElement} */ (form));
  for (const button of root.querySelectorAll("button[data-copy]")) offerCopy(/** @type {HTMLButtonElement} */ (button));
}

if (document.querySelector("[data-signed-out]")) finishLeaving(localStorage, sessionStorage);
enhance(document);
// On a phone the pages of an organization are one line to be pushed along.
document.querySelector(".page-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
