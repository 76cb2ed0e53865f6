/** @import {App} from "./app.js" */
/** @import {Sidebar} from "../sidebar/sidebar.js" */
/** @import {ConversationView} from "../conversation/conversation-view.js" */
/** @import {Conversation} from "../../client/types.js" */

import { createConversation } from "../../client/actions.js";
import { Palette } from "../dialogs/palette.js"; // imported with this file, so that keys typed right after its shortcut reach it
import { byId, once } from "../lib/dom.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { openMenu } from "../lib/menu.js";
import { toast } from "../lib/toast.js";

/**
 * The commands of the page by name. A button ([data-command]), a key (shortcuts.js) or the palette runs them.
 *
 * @param {{app: App, sidebar: Sidebar, conversation: ConversationView}} page
 * @returns {Record<string, (argument?: any) => unknown>}
 */
export function commandsOf(page) {
  return { ...dialogs(page.app), ...ways(page), ...readings(page) };
}

/** Commands that open a dialog or a menu. @param {App} app */
function dialogs(app) {
  const palette = once(async () => new Palette(app));
  const help = once(async () => await import("../dialogs/keyboard-help.js"));
  const status = once(async () => (await import("../dialogs/status.js")).makeStatusDialog(app));
  const create = once(async () => (await import("../dialogs/channels.js")).wireCreateChannel(app));
  const browse = once(async () => (await import("../dialogs/channels.js")).wireBrowseChannels(app, () => void app.run("create-channel")));
  const direct = once(async () => (await import("../dialogs/start-direct.js")).wireStartDirect(app));
  const menus = once(async () => new (await import("./account-menu.js")).Menus(app));
  const sections = once(async () => new (await import("../sidebar/section-menu.js")).SectionMenus(app));
  const rowMenu = once(async () => new (await import("../sidebar/row-menu.js")).RowMenu(app));
  return {
    palette: async (/** @type {{words?: string, search?: boolean} | undefined} */ options) => (await palette()).open(options),
    help: async () => (await help()).openHelp(),
    preferences: () => app.router.go(`${app.router.root}settings/appearance`),
    status: async () => (await status()).open(),
    devices: () => app.router.go(`${app.router.root}settings/devices`),
    profile: (/** @type {string} */ member) => app.router.go(app.router.panelPath({ panel: "profile", of: member })),
    settings: (/** @type {Conversation} */ { id }) => app.router.go(`${app.router.path(id)}?panel=settings`),
    "create-channel": async () => (await create())(),
    "browse-channels": async () => (await browse())(),
    "new-message": async () => (await direct())(),
    "add-menu": () => openMenu(byId("add-menu"), byId("add-button")),
    "create-section": async () => (await sections()).create(),
    "section-menu": async (/** @type {{id: string, origin: HTMLElement}} */ { id, origin }) => (await sections()).openSection(id, origin),
    "move-menu": async (/** @type {{id: string, origin: HTMLElement}} */ { id, origin }) => (await sections()).openMove(id, origin),
    "organization-menu": async () => (await menus()).openOrganizations(),
    "member-menu": async () => (await menus()).openMine(),
    theme: async (/** @type {any} */ theme) => (await import("../settings/preferences.js")).changePreferences(app, { theme }),
    leave: async (/** @type {Conversation} */ conversation) => (await import("../dialogs/leave.js")).leave(app, conversation),
    "change-conversation": async (/** @type {{id: string, action: string}} */ { id, action }) =>
      (await import("../sidebar/row-menu.js")).changeConversation(app, id, action),
    "conversation-menu": async (/** @type {{id: string, origin: HTMLElement}} */ { id, origin }) => (await rowMenu()).open(id, origin),
  };
}

/** Commands that go somewhere. @param {{app: App, sidebar: Sidebar}} page */
function ways({ app, sidebar }) {
  const { router } = app;
  const step = (/** @type {number} */ by, /** @type {boolean} */ unread) => {
    const id = sidebar.neighbour(by, { unread });
    if (id) router.go(router.path(id));
    else if (unread) toast(gettext("Nothing else is unread."));
  };
  return {
    next: () => step(1, false),
    previous: () => step(-1, false),
    "next-unread": () => step(1, true),
    "previous-unread": () => step(-1, true),
    inbox: () => router.go(router.viewPath("inbox")),
    threads: () => router.go(router.viewPath("threads")),
    drafts: () => router.go(router.viewPath("drafts")),
    people: () => router.go(router.viewPath("people")),
    search: () => app.run("palette", { search: true }),
    "message-to": async (/** @type {string} */ member) => {
      const { id } = await createConversation(app.client, { kind: "direct", members: [member] });
      router.go(router.path(id));
    },
    "sign-out": () => byId("sign-out").requestSubmit(),
  };
}

/** Commands that change what is read. @param {{app: App, sidebar: Sidebar, conversation: ConversationView}} page */
function readings({ app, sidebar, conversation }) {
  const { client, store, router } = app;
  const mark = (/** @type {string} */ id) => client.reads.markAll(id);
  return {
    "mark-read": (/** @type {string | undefined} */ id = router.route.conversation) => {
      if (id) mark(id);
      if (id === router.route.conversation) conversation.composer.focus();
    },
    "mark-all-read": () => {
      const { unread } = sidebar;
      store.batch(() => unread.forEach(mark));
      const done = ngettext("%(count)s conversation marked read.", "%(count)s conversations marked read.", unread.length);
      toast(unread.length ? interpolate(done, { count: unread.length }) : gettext("Everything is read."));
    },
  };
}
