/** @import {App} from "../shell/app.js" */
/** @import {Route} from "../shell/router.js" */
/** @import {Store} from "../../client/store.js" */
/** @import {Member, Status} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { byId, clone, setText } from "../lib/dom.js";
import { fillAvatar } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { presenceLabel } from "../lib/names.js";
import { roleLabel } from "../lib/people.js";
import { explain } from "../lib/toast.js";

const PAGE = 60; // people in one request
const TYPING_PAUSE = 150; // milliseconds after the last key before the server is asked

/** The members of the organization, in pages, because an organization can have very many. */
export class People {
  /** @type {string | null} */
  #next = null;
  #asked = 0;
  #loading = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLInputElement} */
    this.input = byId("people-input");
    /** @type {HTMLElement} */
    this.list = byId("people-list");
    this.input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(), TYPING_PAUSE);
    });
    byId("people-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#ask();
    });
    byId("people-more").addEventListener("click", () => void this.#more());
    new IntersectionObserver(([entry]) => entry?.isIntersecting && void this.#more(), {
      root: byId("people-body"),
      rootMargin: "600px",
    }).observe(byId("people-more"));
    app.client.signals.observe(() => this.#showPresence());
    app.store.observe((changes) => [...changes.members].forEach((id) => this.#refresh(id)));
  }

  /** @param {Route} route */
  async open(route) {
    this.input.value = route.query.get("q") ?? "";
    if (!matchMedia("(pointer: coarse)").matches) this.input.focus();
    await this.#load({ q: this.input.value.trim(), active: "true", limit: PAGE });
  }

  /** Put the query into the address, so that going back restores it. */
  #ask() {
    const q = this.input.value.trim();
    history.replaceState(null, "", this.app.router.viewPath("people", { q }));
    void this.#load({ q, active: "true", limit: PAGE });
  }

  async #more() {
    if (this.#next && !this.#loading) await this.#load(null);
  }

  /** @param {Record<string, string | number> | null} query null for the next page */
  async #load(query) {
    const turn = (this.#asked += 1);
    const { store } = this.app;
    const { moment } = store;
    this.#loading = true;
    try {
      const { results, next } = await (query ? this.app.client.api.get("members", query) : this.app.client.api.get(this.#next ?? ""));
      if (turn !== this.#asked) return;
      this.#next = next && new URL(next, location.href).pathname + new URL(next, location.href).search;
      if (query) this.list.replaceChildren();
      if (store.areMembersCurrent(moment)) store.batch(() => results.forEach(takeStatus(store)));
      this.list.append(...results.map((/** @type {Member} */ member) => this.#row(member)));
      this.#say();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#asked) setText(byId("people-status"), explain(error));
    } finally {
      if (turn === this.#asked) this.#loading = false;
    }
  }

  #say() {
    const words = this.input.value.trim();
    byId("people-more").hidden = !this.#next;
    byId("people-empty").hidden = this.list.childElementCount > 0;
    setText(
      byId("people-empty-title"),
      words ? interpolate(gettext("Nobody is called “%(words)s”"), { words }) : gettext("Nobody is here yet"),
    );
    setText(byId("people-status"), "");
  }

  /** @param {Member} member */
  #row(member) {
    const { root, slots } = clone("person-row");
    root.dataset.member = member.id;
    slots.open.dataset.argument = member.id;
    this.#fill(slots, member);
    return root;
  }

  /** @param {import("../lib/dom.js").Slots} slots @param {Member} member */
  #fill(slots, member) {
    const mine = member.id === this.app.store.me;
    const state = this.app.client.signals.presence.get(member.id) ?? "offline";
    fillAvatar(slots.avatar, member);
    slots.avatar.dataset.presence = state;
    setText(slots.name, mine ? `${member.name} (${gettext("you")})` : member.name);
    slots.status.setAttribute("member", member.id);
    setText(slots.handle, `@${member.handle}`);
    setText(slots.title, member.title);
    setText(slots.presence, state === "offline" ? "" : presenceLabel(state));
    slots.role.hidden = member.role === "member";
    setText(slots.role, roleLabel(member.role));
  }

  /** @param {string} id */
  #refresh(id) {
    const row = this.list.querySelector(`[data-member="${CSS.escape(id)}"]`);
    const member = this.app.store.members.get(id);
    if (row && member) row.replaceWith(this.#row(member));
  }

  #showPresence() {
    if (byId("people").hidden) return;
    for (const row of this.list.querySelectorAll("[data-member]")) {
      const state = this.app.client.signals.presence.get(row.getAttribute("data-member") ?? "") ?? "offline";
      row.querySelector("[data-slot=avatar]")?.setAttribute("data-presence", state);
    }
  }
}

/**
 * Keep the status of a listed member, because events bring its changes. The rest of the member is not kept: an organization
 * can have very many.
 *
 * @param {Store} store
 * @returns {(member: {status: Status | null}) => void}
 */
function takeStatus(store) {
  return ({ status }) => status && store.putEntity("status", status);
}
