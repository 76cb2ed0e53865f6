import { MESSAGE_KEYS, WRITING_KEYS } from "../conversation/message-keys.js";
import { byId, clone, setText } from "../lib/dom.js";
import { captions, SHORTCUTS } from "../shell/shortcut-labels.js";
import { openDialog } from "./dialog.js";

const KEYS = [...SHORTCUTS, ...MESSAGE_KEYS, ...WRITING_KEYS];

/** Show all keys, from the tables that the handlers use. */
export function openHelp() {
  const groups = [...new Set(KEYS.map(({ group }) => group))];
  byId("help-groups").replaceChildren(
    ...groups.map((name) =>
      groupOf(
        name,
        KEYS.filter(({ group }) => group === name),
      ),
    ),
  );
  openDialog(byId("help"));
}

/** @param {string} name @param {import("../shell/shortcut-labels.js").Shortcut[]} shortcuts */
function groupOf(name, shortcuts) {
  const { root, slots } = clone("help-group");
  setText(slots.name, name);
  slots.list.append(...shortcuts.map(rowOf));
  return root;
}

/** @param {import("../shell/shortcut-labels.js").Shortcut} shortcut */
function rowOf({ label, keys }) {
  const { root, slots } = clone("help-row");
  setText(slots.label, label);
  slots.keys.append(...captions(keys).map(key));
  return root;
}

/** @param {string} caption */
function key(caption) {
  const element = document.createElement("kbd");
  element.textContent = caption;
  return element;
}
