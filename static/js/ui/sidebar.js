/** @import {App} from "./app.js" */
/** @import {Conversation} from "../client/types.js" */

import { byId, clone, everyFrame, setIcon, setText } from "./dom.js";
import { fillAvatar } from "./format.js";
import { interpolate, gettext } from "./i18n.js";
import { conversationIcon, conversationName, isChannel, others } from "./names.js";

const MOST_SHOWN = 99; // of a count; beyond it the number says nothing more

/** The list of conversations: what is unread is bold and counted, what is muted dimmed, a draft marked. */
export class Sidebar {
  /** @type {Map<string, ReturnType<typeof clone>>} by conversation */
  #rows = new Map();
  /** @type {string | undefined} */
  #current;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const render = everyFrame(() => this.render());
    app.store.observe(render);
    app.client.drafts.observe(render);
    app.client.signals.observe(render);
    byId("sidebar-search").addEventListener("submit", (/** @type {SubmitEvent} */ event) => this.#search(event));
    fillAvatar(byId("me-button").querySelector("[data-slot=avatar]"), { id: app.store.me, name: app.config.name });
  }

  /** @param {string | undefined} conversation the one that is open */
  setCurrent(conversation) {
    this.#current = conversation;
    this.render();
    if (conversation) this.#rows.get(conversation)?.root.scrollIntoView({ block: "nearest" });
  }

  render() {
    const { store } = this.app;
    const own = [...store.conversations.values()].filter((one) => store.ownSeat(one.id) && !one.archived_at);
    const channels = own.filter(isChannel);
    const direct = own.filter((one) => !isChannel(one) && this.#isShown(one));
    this.#fill(byId("side-channels-list"), channels);
    this.#fill(byId("side-direct-list"), direct);
    for (const [id, row] of this.#rows) {
      if (row.root.isConnected) continue;
      this.#rows.delete(id);
    }
  }

  /** @param {Conversation} conversation a direct message that nobody has written in is shown to who opened it */
  #isShown(conversation) {
    const started = conversation.last_seq > 0 || conversation.created_by === this.app.store.me;
    return started || conversation.id === this.#current || this.app.client.drafts.has(conversation.id);
  }

  /** @param {HTMLElement} list @param {Conversation[]} conversations */
  #fill(list, conversations) {
    const { store } = this.app;
    const named = conversations.map((one) => ({ one, name: conversationName(store, one), seat: store.ownSeat(one.id) }));
    named.sort(
      (a, b) => Number(b.seat?.favourite ?? false) - Number(a.seat?.favourite ?? false) || a.name.localeCompare(b.name),
    );
    const roots = named.map(({ one, name }) => this.#row(one, name));
    if (roots.length !== list.children.length || roots.some((root, index) => list.children[index] !== root)) {
      const focused = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
      list.replaceChildren(...roots);
      focused?.focus({ preventScroll: true });
    }
  }

  /** @param {Conversation} conversation @param {string} name */
  #row(conversation, name) {
    const row = this.#rows.get(conversation.id) ?? clone("side-row");
    this.#rows.set(conversation.id, row);
    const { link, icon, draft, badge, count } = row.slots;
    const unread = this.app.store.unread(conversation.id);
    const seat = this.app.store.ownSeat(conversation.id);
    const loud = unread > 0 && !seat?.muted;
    setText(row.slots.name, name);
    this.#showFace(row.slots, conversation);
    setIcon(icon, seat?.favourite ? "star" : conversationIcon(conversation));
    const href = this.app.router.path(conversation.id);
    if (link.getAttribute("href") !== href) link.setAttribute("href", href);
    link.classList.toggle("is-unread", loud);
    link.classList.toggle("is-muted", seat?.muted ?? false);
    toggleCurrent(link, conversation.id === this.#current);
    draft.hidden = conversation.id === this.#current || !this.app.client.drafts.has(conversation.id);
    badge.hidden = !loud;
    badge.classList.toggle("badge-accent", !isChannel(conversation) || this.#mentionsMe(conversation));
    setText(count, unread > MOST_SHOWN ? `${MOST_SHOWN}+` : String(unread));
    link.title = isChannel(conversation) ? conversation.topic : this.#handles(conversation);
    return row.root;
  }

  /** @param {Record<string, any>} slots @param {Conversation} conversation somebody's avatar in place of an icon */
  #showFace(slots, conversation) {
    const direct = conversation.kind === "direct";
    const [id = this.app.store.me] = others(this.app.store, conversation);
    const presence = direct ? (this.app.client.signals.presence.get(id) ?? "offline") : "";
    if (direct) fillAvatar(slots.avatar, this.app.store.members.get(id));
    slots.avatar.dataset.presence = presence;
    setText(slots.presence, presence === "online" ? gettext("online") : presence === "away" ? gettext("away") : "");
    slots.avatar.hidden = !direct;
    slots["icon-box"].toggleAttribute("hidden", direct);
  }

  /** @param {Conversation} conversation whether one of the unread messages that are known names the member */
  #mentionsMe(conversation) {
    const { store } = this.app;
    const read = store.ownSeat(conversation.id)?.read_seq ?? 0;
    const unread = store.between(conversation.id, Math.max(read + 1, conversation.last_seq - 200), conversation.last_seq);
    return unread.some((message) => message.mentions.includes(store.me) || message.wide_mention !== null);
  }

  /** @param {Conversation} conversation */
  #handles(conversation) {
    const handles = others(this.app.store, conversation).map((id) => this.app.store.members.get(id)?.handle);
    return handles.length ? interpolate(gettext("With %(people)s"), { people: handles.map((one) => `@${one}`).join(", ") }) : "";
  }

  /** @param {SubmitEvent} event */
  #search(event) {
    event.preventDefault();
    const input = /** @type {HTMLFormElement} */ (event.target).elements.namedItem("q");
    if (input instanceof HTMLInputElement && input.value.trim()) {
      this.app.router.go(this.app.router.searchPath({ q: input.value.trim() }));
      input.value = "";
    }
  }
}

/** @param {Element} link @param {boolean} current */
function toggleCurrent(link, current) {
  if (current) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}
