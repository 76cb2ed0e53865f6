/** The one place where HTML is inserted, and the one Trusted Types policy: for what the server has sanitized on write. */

const policy = globalThis.trustedTypes?.createPolicy("parley", { createHTML: (html) => html });

/** @param {string} html @returns {string} as the browser takes it: text, or an object that the policy vouches for */
const trusted = (html) => (policy ? policy.createHTML(html) : html);

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
