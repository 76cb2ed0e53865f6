import { ApiError } from "../../client/api.js";
import { fragmentOf } from "../lib/trusted-html.js";

const TIMEOUT = 30_000; // milliseconds; pages that send email take longer than a request to the API

/**
 * A page of the server without its document.
 *
 * @typedef {object} Fragment
 * @property {HTMLElement} element
 * @property {URL} url where it is, after redirects
 */

/**
 * Request a page, or send a form to it. The answer is recognized by its content, because a network that asks for a sign-in
 * answers as well.
 *
 * @param {URL} url
 * @param {RequestInit} [options]
 * @returns {Promise<Fragment | URL>} the address where the server sends the browser to, if that is no page of the settings
 * @throws {ApiError} with status 0 if there was no answer, else with the status of a failure
 */
export async function fetchFragment(url, options = {}) {
  const response = await fetch(url, {
    ...options,
    headers: { "Parley-Fragment": "1" },
    credentials: "same-origin",
    signal: AbortSignal.timeout(TIMEOUT),
  }).catch(() => {
    throw new ApiError(0, {});
  });
  const element = fragmentOf(await response.text().catch(() => ""));
  if (element) return { element, url: new URL(response.url) };
  if (response.redirected && response.ok) return new URL(response.url);
  throw new ApiError(response.ok ? 0 : response.status, {});
}

/**
 * Send a form as the browser would.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 * @param {URL} page whose address is used if the form has none
 */
export function sendForm(form, submitter, page) {
  const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  const url = new URL(action || page.href, page);
  const body = new FormData(form, submitter);
  if (form.method === "post") return fetchFragment(url, { method: "POST", body });
  url.search = new URLSearchParams([...body].map(([name, value]) => [name, String(value)])).toString();
  return fetchFragment(url);
}
