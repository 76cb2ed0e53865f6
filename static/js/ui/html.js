/** The one place where HTML is inserted, and the one Trusted Types policy: for what the server has sanitized on write. */

/** @type {{createPolicy: (name: string, rules: object) => {createHTML: (html: string) => unknown}} | undefined} */
const trustedTypes = /** @type {any} */ (globalThis).trustedTypes;
const policy = trustedTypes?.createPolicy("parley", { createHTML: (/** @type {string} */ html) => html });

/**
 * @param {Element} element
 * @param {string} html the `html` of a message, never anything else
 */
export function setMessageHtml(element, html) {
  element.innerHTML = /** @type {string} */ (policy ? policy.createHTML(html) : html);
}
