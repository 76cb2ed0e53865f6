/** What the forms of the account pages do more with scripts than without. */

const SLUG_LENGTH = 36; // as the server cuts it: room for a number

/** @param {string} name what the server would make of it, see accounts/actions/organizations.py */
function slugOf(name) {
  const plain = name.normalize("NFKD").replace(/[^\p{ASCII}]/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").slice(0, SLUG_LENGTH).replace(/^-+|-+$/g, "");
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

for (const slug of document.querySelectorAll("input[data-slug-of]")) suggest(/** @type {HTMLInputElement} */ (slug));
for (const button of document.querySelectorAll("button[data-copy]")) offerCopy(/** @type {HTMLButtonElement} */ (button));
// On a phone the pages of an organization are one line to be pushed along.
document.querySelector(".page-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
