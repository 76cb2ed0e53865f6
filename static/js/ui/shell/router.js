/**
 * What the page shows, as its address names it. Django serves each of these addresses as well.
 *
 * @typedef {object} Route
 * @property {"home" | "conversation" | "search" | "inbox" | "people" | "threads" | "drafts" | "settings" | "elsewhere"} name
 * @property {string} [conversation]
 * @property {number} [seq]
 * @property {string} [thread]
 * @property {string} [section] of the settings
 * @property {string} [panel] what the right panel shows, unless it is a thread
 * @property {string} [of] id of the member or message that the panel is about
 * @property {string} view the address without the panel
 * @property {URLSearchParams} query
 */

const VIEWS = /** @type {const} */ (["search", "inbox", "people", "threads", "drafts"]);
/** @type {Record<string, string>} by path: views under the names that they had in links of earlier versions */
const OLD_NAMES = { mentions: "inbox" };
const SETTINGS = /^settings(?:\/([a-z-]+))?$/;
const IN_PANEL = /** @type {const} */ (["thread", "panel", "of", "find"]); // what a query says about the right panel
const CONVERSATION = /^c\/([0-9a-f-]{36})(?:\/(\d+))?$/;

export class Router {
  /** @type {(route: Route) => void} */
  onRoute = () => {};

  /** @param {string} root "/o/acme/" */
  constructor(root) {
    this.root = root;
  }

  start() {
    window.addEventListener("popstate", () => this.onRoute(this.route));
    document.addEventListener("click", (event) => this.#followLink(event));
    this.onRoute(this.route);
  }

  /** @returns {Route} */
  get route() {
    return this.parse(new URL(location.href));
  }

  /** @param {string} path @param {{replace?: boolean}} [options] */
  go(path, { replace = false } = {}) {
    if (replace) history.replaceState(history.state, "", path);
    else history.pushState({ from: pathOf(location) }, "", path);
    this.onRoute(this.route);
  }

  /** Go to an address that is behind the present one. If it is the one that the member came from, go back to it. @param {string} path */
  back(path) {
    if (history.state?.from === path) history.back();
    else this.go(path, { replace: true });
  }

  /**
   * Return the present address with another panel, or with none.
   *
   * @param {Partial<Record<typeof IN_PANEL[number], string>>} [panel] empty values are left out
   */
  panelPath(panel = {}) {
    const url = new URL(location.href);
    for (const key of IN_PANEL) url.searchParams.delete(key);
    for (const [key, value] of Object.entries(panel)) if (value) url.searchParams.set(key, value);
    return pathOf(url);
  }

  /** @param {string} conversation @param {number} [seq] @param {string} [thread] */
  path(conversation, seq, thread) {
    const query = thread ? `?${new URLSearchParams({ thread })}` : "";
    return `${this.root}c/${conversation}${seq === undefined ? "" : `/${seq}`}${query}`;
  }

  /** @param {typeof VIEWS[number]} view @param {Record<string, string>} [query] empty values are left out */
  viewPath(view, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value);
    const search = new URLSearchParams(given).toString();
    return `${this.root}${view}${search ? `?${search}` : ""}`;
  }

  /** @param {Record<string, string>} query */
  searchPath(query) {
    return this.viewPath("search", query);
  }

  /** Return another address with the panel of the present one. @param {string} path */
  withPanel(path) {
    const url = new URL(path, location.href);
    for (const key of IN_PANEL) {
      const value = new URLSearchParams(location.search).get(key);
      if (value) url.searchParams.set(key, value);
    }
    return pathOf(url);
  }

  /** @param {URL} url @returns {Route} */
  parse(url) {
    const query = url.searchParams;
    const [thread, panel, of] = ["thread", "panel", "of"].map((key) => query.get(key) ?? undefined);
    const common = { view: viewOf(url), panel: thread ? undefined : panel, of, query };
    if (url.origin !== location.origin || !url.pathname.startsWith(this.root)) return { name: "elsewhere", ...common };
    const rest = url.pathname.slice(this.root.length);
    if (rest === "") return { name: "home", ...common };
    const view = VIEWS.find((name) => name === (OLD_NAMES[rest] ?? rest));
    if (view) return { name: view, ...common };
    const settings = SETTINGS.exec(rest);
    if (settings) return { name: "settings", section: settings[1], ...common };
    const match = CONVERSATION.exec(rest);
    if (!match) return { name: "elsewhere", ...common };
    const [, conversation, seq] = match;
    return { name: "conversation", conversation, seq: seq ? Number(seq) : undefined, thread, ...common };
  }

  /** @param {MouseEvent} event follow a link within the organization without loading a page */
  #followLink(event) {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
    if (!(link instanceof HTMLAnchorElement) || modified || event.defaultPrevented) return;
    const url = new URL(link.href);
    if (this.parse(url).name === "elsewhere") return;
    event.preventDefault();
    this.go(pathOf(url), { replace: link.hasAttribute("data-replace") });
  }
}

/** @param {URL | Location} address @returns {string} */
const pathOf = ({ pathname, search }) => pathname + search;

/** @param {URL} url @returns {string} its path without the panel */
function viewOf({ href }) {
  const url = new URL(href);
  for (const key of IN_PANEL) url.searchParams.delete(key);
  return pathOf(url);
}
