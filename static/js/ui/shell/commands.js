/** @import {App} from "./app.js" */
/** @import {Sidebar} from "../sidebar/sidebar.js" */
/** @import {ConversationView} from "../conversation/conversation-view.js" */
/** @import {Conversation} from "../../client/types.js" */

import { createConversation } from "../../client/actions.js";
import { Palette } from "../dialogs/palette.js"; // imported with this file, so that keys typed right after its shortcut reach it
import { byId, once } from "../lib/dom.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
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
  const preferences = once(async () => new (await import("../dialogs/preferences.js")).PreferencesDialog(app));
  const status = once(async () => (await import("../dialogs/status.js")).makeStatusDialog(app));
  const devices = once(async () => new (await import("../dialogs/devices.js")).Devices(app));
  const profile = once(async () => new (await import("../panel/profile.js")).ProfileCard(app));
  const settings = once(async () => new (await import("../panel/settings.js")).Settings(app));
  const create = once(async () => (await import("../dialogs/channels.js")).wireCreateChannel(app));
  const browse = once(async () => (await import("../dialogs/channels.js")).wireBrowseChannels(app, () => void app.run("create-channel")));
  const direct = once(async () => (await import("../dialogs/start-direct.js")).wireStartDirect(app));
  const menus = once(async () => new (await import("./account-menu.js")).Menus(app));
  const rowMenu = once(async () => new (await import("../sidebar/row-menu.js")).RowMenu(app));
  return {
    palette: async (/** @type {string} */ words) => (await palette()).open(words),
    help: async () => (await help()).openHelp(),
    preferences: async () => (await preferences()).open(),
    status: async () => (await status()).open(),
    devices: async () => (await devices()).open(),
    profile: async (/** @type {string} */ member) => (await profile()).open(member),
    settings: async (/** @type {Conversation} */ conversation) => (await settings()).open(conversation),
    "create-channel": async () => (await create())(),
    "browse-channels": async () => (await browse())(),
    "new-message": async () => (await direct())(),
    "organization-menu": async () => (await menus()).openOrganizations(),
    "member-menu": async () => (await menus()).openMine(),
    theme: async (/** @type {any} */ theme) => (await import("../dialogs/preferences.js")).changePreferences(app, { theme }),
    leave: async (/** @type {Conversation} */ conversation) => (await settings()).leave(conversation),
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
    mentions: () => router.go(router.viewPath("mentions")),
    people: () => router.go(router.viewPath("people")),
    search: () => {
      const field = byId("sidebar-search").elements.namedItem("q");
      if (field.checkVisibility()) field.focus();
      else router.go(router.viewPath("search"));
    },
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
