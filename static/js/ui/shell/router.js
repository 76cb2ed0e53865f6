/**
 * What the page shows, as its address names it. Django serves each of these addresses as well.
 *
 * @typedef {object} Route
 * @property {"home" | "conversation" | "search" | "mentions" | "people" | "elsewhere"} name
 * @property {string} [conversation]
 * @property {number} [seq]
 * @property {string} [thread]
 * @property {URLSearchParams} query
 */

const VIEWS = /** @type {const} */ (["search", "mentions", "people"]);
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
    return this.#parse(new URL(location.href));
  }

  /** @param {string} path @param {{replace?: boolean}} [options] */
  go(path, { replace = false } = {}) {
    if (replace) history.replaceState(null, "", path);
    else history.pushState(null, "", path);
    this.onRoute(this.route);
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

  /** @param {URL} url @returns {Route} */
  #parse(url) {
    const query = url.searchParams;
    if (url.origin !== location.origin || !url.pathname.startsWith(this.root)) return { name: "elsewhere", query };
    const rest = url.pathname.slice(this.root.length);
    if (rest === "") return { name: "home", query };
    const view = VIEWS.find((name) => name === rest);
    if (view) return { name: view, query };
    const match = CONVERSATION.exec(rest);
    if (!match) return { name: "elsewhere", query };
    const [, conversation, seq] = match;
    const thread = query.get("thread") ?? undefined;
    return { name: "conversation", conversation, seq: seq ? Number(seq) : undefined, thread, query };
  }

  /** @param {MouseEvent} event follow a link within the organization without loading a page */
  #followLink(event) {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
    if (!(link instanceof HTMLAnchorElement) || modified || event.defaultPrevented) return;
    const url = new URL(link.href);
    if (this.#parse(url).name === "elsewhere") return;
    event.preventDefault();
    this.go(url.pathname + url.search);
  }
}
