/** @import {App} from "../shell/app.js" */
/** @import {Route} from "../shell/router.js" */

import { ApiError } from "../../client/api.js";
import { byId, clone, setText } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { explain } from "../lib/toast.js";
import { fetchFragment, sendForm } from "./fragments.js";

/** @typedef {import("./fragments.js").Fragment} Fragment */

/**
 * A section that this page shows itself. All others are pages of the server, which are fetched without their document.
 *
 * @typedef {object} Section
 * @property {HTMLElement} element
 * @property {() => Promise<unknown> | void} open throws ApiError
 */

/** @type {Record<string, () => Promise<{make: (app: App, name: string) => Section}>>} */
const OWN = {
  devices: () => import("./devices.js"),
  keyboard: () => import("./keyboard.js"),
  appearance: () => import("./preferences.js"),
  notifications: () => import("./preferences.js"),
  emoticons: () => import("./preferences.js"),
};
const FIRST = "profile"; // the section beside the index on a wide screen
const ELSEWHERE = /^\/accounts\/(2fa\/webauthn|logout|login|confirm-email)\//; // pages that need scripts of their own, or leave
const BESIDES = /^\/accounts\/(2fa\/)?reauthenticate\//; // the question whether it is the member, asked before some pages of a section

/** @param {App} app */
export async function makeOverlay(app) {
  const { root } = clone("settings-overlay");
  const sheets = [...root.querySelectorAll("link")].map(
    (sheet) => new Promise((resolve) => (sheet.onload = sheet.onerror = resolve)), // without a style sheet it works as well
  );
  document.body.append(root);
  await Promise.all(sheets);
  return new Overlay(app, root);
}

/** The settings of account, page and organization: an index, a search in it, and one section. The address names the section. */
class Overlay {
  /** @type {string} the address to which closing leads */
  #back = "";
  /** @type {string} the address that is shown */
  #shown = "";
  #turn = 0;
  /** @type {URL} of the page that the section shows */
  #page = new URL(location.href);
  /** @type {Map<string, Promise<Section>>} */
  #sections = new Map();

  /** @param {App} app @param {HTMLDialogElement} dialog */
  constructor(app, dialog) {
    this.app = app;
    this.dialog = dialog;
    /** @type {HTMLElement} */
    this.content = byId("settings-content");
    /** @type {HTMLInputElement} */
    this.search = byId("settings-search");
    this.links = /** @type {HTMLAnchorElement[]} */ ([...byId("settings-index").querySelectorAll("a")]);
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
    dialog.addEventListener("close", () => this.#shown && this.close()); // a browser may close it without asking
    dialog.addEventListener("click", (event) => this.#onClick(event));
    this.content.addEventListener("submit", (event) => void this.#onSubmit(event));
    this.search.addEventListener("input", () => this.#filter());
    this.search.addEventListener("keydown", (event) => this.#onSearchKey(event));
  }

  /** @param {Route} route @param {string} back */
  async open(route, back) {
    this.#back = back;
    const opens = !this.dialog.open;
    if (opens) this.dialog.showModal();
    const section = route.section ?? (isNarrow() ? "" : FIRST);
    this.dialog.dataset.section = section;
    this.#markCurrent(section);
    const address = location.pathname + location.search;
    if (address === this.#shown) return;
    this.#shown = address;
    if (section) await this.#show(section, route.query.get("at"));
    else {
      this.content.replaceChildren();
      byId("settings-title").focus();
    }
  }

  /** Close the settings and show what was there before. */
  close() {
    this.app.router.go(this.#back);
  }

  /** The address has left the settings. */
  hide() {
    this.#shown = "";
    this.#turn += 1;
    this.content.replaceChildren();
    this.search.value = "";
    this.#filter();
    if (this.dialog.open) this.dialog.close();
    if (document.activeElement === document.body) byId("main").focus();
  }

  // --- The index ---------------------------------------------------------------------------------------

  /** @param {string} section */
  #markCurrent(section) {
    for (const link of this.links) {
      if (link.dataset.section === section) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  #filter() {
    const words = this.search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    for (const link of this.links) {
      const text = `${link.textContent} ${link.dataset.finds}`.toLowerCase();
      /** @type {HTMLElement} */ (link.parentElement).hidden = !words.every((word) => text.includes(word));
    }
    for (const group of byId("settings-index").querySelectorAll("section")) group.hidden = !group.querySelector("li:not([hidden])");
    byId("settings-none").hidden = this.links.some((link) => !link.parentElement?.hidden);
  }

  /** @param {KeyboardEvent} event */
  #onSearchKey(event) {
    const key = plainKey(event);
    if (key === "Escape" && this.search.value) {
      event.preventDefault();
      this.search.value = "";
      this.#filter();
    } else if (key === "Enter") this.links.find((link) => !link.parentElement?.hidden)?.click();
  }

  // --- The section -------------------------------------------------------------------------------------

  /** @param {string} section @param {string | null} at an address of the server within it */
  async #show(section, at) {
    const turn = (this.#turn += 1);
    setText(byId("settings-progress"), gettext("Loading…"));
    this.content.setAttribute("aria-busy", "true");
    try {
      if (Object.hasOwn(OWN, section)) await this.#showOwn(section, turn);
      else await this.#take(turn, fetchFragment(this.#pageOf(section, at)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#turn) this.#fail(error, () => void this.#show(section, at));
    } finally {
      if (turn === this.#turn) this.#settle();
    }
  }

  #settle() {
    setText(byId("settings-progress"), "");
    this.content.removeAttribute("aria-busy");
  }

  /** @param {string} name @param {number} turn */
  async #showOwn(name, turn) {
    const load = /** @type {any} */ (OWN)[name];
    const made = this.#sections.get(name) ?? load().then((/** @type {any} */ { make }) => make(this.app, name));
    this.#sections.set(name, made);
    const section = await made.catch((/** @type {unknown} */ error) => {
      this.#sections.delete(name); // fetched again when it is opened again
      throw error instanceof TypeError ? new ApiError(0, {}) : error;
    });
    if (turn !== this.#turn) return;
    this.#put(section.element);
    await section.open();
  }

  /** @param {string} section @param {string | null} at */
  #pageOf(section, at) {
    const own = this.links.find((link) => link.dataset.section === section)?.dataset.page;
    const wanted = at ? new URL(at, location.origin) : null;
    const isBeside = wanted?.origin === location.origin && BESIDES.test(wanted.pathname);
    if (wanted && (isBeside || this.#sectionOf(wanted) === section)) return wanted;
    // Of a section without a link the server says why the member may not see it.
    return new URL(own ?? `${this.app.config.root}manage/${section === "general" ? "settings" : section}`, location.origin);
  }

  /** @param {URL} url @returns {string | undefined} the section whose pages it is one of */
  #sectionOf({ origin, pathname }) {
    if (origin !== location.origin || ELSEWHERE.test(pathname)) return undefined;
    const found = this.links.filter(({ dataset }) => dataset.page && `${pathname}/`.startsWith(`${dataset.page.replace(/\/$/, "")}/`));
    return found.sort((one, other) => (other.dataset.page?.length ?? 0) - (one.dataset.page?.length ?? 0))[0]?.dataset.section;
  }

  /** @param {URL} url @returns {string | undefined} its address within the settings, if it has one */
  #addressOf(url) {
    const isBeside = url.origin === location.origin && BESIDES.test(url.pathname);
    const section = this.#sectionOf(url) ?? (isBeside ? this.dialog.dataset.section : undefined);
    if (!section) return undefined;
    const own = this.links.find((link) => link.dataset.section === section)?.dataset.page;
    const at = url.pathname + url.search;
    return `${this.app.config.root}settings/${section}${at === own ? "" : `?${new URLSearchParams({ at })}`}`;
  }

  /** Show an answer. The address follows where the server has led. @param {number} turn @param {Promise<Fragment | URL>} asked */
  async #take(turn, asked) {
    const answer = await asked;
    if (turn !== this.#turn) return;
    if (answer instanceof URL) return this.#leaveFor(answer);
    this.#page = answer.url;
    const address = this.#addressOf(answer.url);
    if (address && address !== location.pathname + location.search) {
      this.#shown = address;
      history.replaceState(history.state, "", address);
      this.#markCurrent(this.app.router.route.section ?? "");
    }
    this.#put(answer.element);
    const { enhance } = await import("../../accounts/forms.js");
    if (turn === this.#turn) enhance(answer.element);
  }

  /** The server leads out of the settings: to the sign-in page, which leads back here, or to another organization. @param {URL} url */
  #leaveFor(url) {
    if (url.pathname.startsWith("/accounts/login/")) url.search = new URLSearchParams({ next: this.#shown }).toString();
    location.assign(url);
  }

  /** @param {HTMLElement} element */
  #put(element) {
    this.content.replaceChildren(element);
    byId("settings-main").scrollTop = 0;
    const target = element.querySelector("[autofocus]") ?? element.querySelector("h1");
    if (target instanceof HTMLElement && document.activeElement !== this.search) target.focus({ preventScroll: target.tagName === "H1" });
  }

  /** @param {ApiError} error @param {() => void} again */
  #fail(error, again) {
    const { root, slots } = clone("settings-failed");
    setText(slots.reason, explain(error));
    slots.again.addEventListener("click", again);
    this.#put(root);
  }

  /** @param {SubmitEvent} event */
  async #onSubmit(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (event.defaultPrevented || !form.closest("[data-fragment]")) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return; // it is being sent
    const turn = (this.#turn += 1);
    form.ariaBusy = "true";
    setText(byId("settings-progress"), gettext("Saving…"));
    try {
      await this.#take(turn, sendForm(form, event.submitter, this.#page));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#turn) refuse(form, error);
    } finally {
      form.ariaBusy = null;
      if (turn === this.#turn) this.#settle();
    }
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const at = /** @type {Element} */ (event.target);
    if (at.closest("[data-action=close]")) return this.close();
    const link = at.closest("#settings-content a[href]");
    const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
    if (!(link instanceof HTMLAnchorElement) || modified || link.target || link.hasAttribute("download")) return;
    const address = this.#addressOf(new URL(link.getAttribute("href") ?? "", this.#page));
    if (!address) return;
    event.preventDefault();
    this.app.router.go(address);
  }
}

/** Show above the fields that a form could not be sent. What was typed stays. @param {HTMLFormElement} form @param {ApiError} error */
function refuse(form, error) {
  form.querySelector("[data-unsent-form]")?.remove();
  const { root } = clone("settings-unsent");
  setText(root, explain(error));
  form.prepend(root);
}

const isNarrow = () => matchMedia("(max-width: 47.99rem)").matches;
