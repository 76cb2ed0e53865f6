/** @import {Sidebar} from "./sidebar.js" */

import { byId, everyFrame, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { countLabel } from "./row.js";

const INSIDE = 12; // pixels of a row that have to be in sight

/** @typedef {{root: HTMLElement, isMention: boolean}} Loud */

/** Show at each edge of the list how many unread conversations lie beyond it. A press scrolls to the next of them. @param {Sidebar} sidebar */
export function watchEdges(sidebar) {
  const { body } = sidebar;
  const show = everyFrame(() => {
    const { top, bottom } = body.getBoundingClientRect();
    const rows = sidebar.loudRows.map((row) => ({ ...row, at: row.root.getBoundingClientRect() }));
    showEdge(
      "edge-top",
      rows.filter(({ at }) => at.height > 0 && at.bottom < top + INSIDE),
    );
    showEdge(
      "edge-bottom",
      rows.filter(({ at }) => at.height > 0 && at.top > bottom - INSIDE),
    );
  }, 100);
  body.addEventListener("scroll", show, { passive: true });
  new ResizeObserver(show).observe(body);
  sidebar.onArrange = show;
  byId("edge-top").addEventListener("click", () => next.get("edge-top")?.(-1));
  byId("edge-bottom").addEventListener("click", () => next.get("edge-bottom")?.(0));
  show();
}

/** @type {Map<string, (index: number) => void>} by edge: scroll to one of the rows beyond it */
const next = new Map();

/** @param {string} id @param {Loud[]} rows those beyond the edge, from top to bottom */
function showEdge(id, rows) {
  const button = byId(id);
  button.hidden = rows.length === 0;
  button.classList.toggle(
    "is-mention",
    rows.some(({ isMention }) => isMention),
  );
  setText(byId(`${id}-label`), interpolate(gettext("%(count)s unread"), { count: countLabel(rows.length) }));
  next.set(id, (index) => rows.at(index)?.root.scrollIntoView({ block: "center" }));
}
