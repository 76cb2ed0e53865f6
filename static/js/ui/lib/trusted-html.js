/** The one place where HTML is inserted, and the one Trusted Types policy: for what the server has sanitized on write. */

/** @type {{createPolicy: (name: string, rules: object) => {createHTML: (html: string) => unknown}} | undefined} */
const trustedTypes = /** @type {any} */ (globalThis).trustedTypes;
const policy = trustedTypes?.createPolicy("parley", { createHTML: (/** @type {string} */ html) => html });

/** @param {string} html @returns {string} as the browser takes it */
const trusted = (html) => /** @type {string} */ (policy ? policy.createHTML(html) : html);

/**
 * @param {Element} element
 * @param {string} html the `html` of a message, never anything else
 */
export function setMessageHtml(element, html) {
  element.innerHTML = trusted(html);
}

/** @param {string} html the `html` of a message @returns {string} what is read of it */
export function textOf(html) {
  return new DOMParser().parseFromString(trusted(html), "text/html").body.textContent ?? "";
}
