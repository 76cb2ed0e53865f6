/** @import {Sidebar} from "./sidebar.js" */

import { showCounts } from "./counts.js";
import { wireDrag } from "./drag.js";
import { watchEdges } from "./edges.js";

/** The parts of the sidebar that are fetched after the list: counts of the views, dragging, what is unread beyond the edges. */
export class Extras {
  /** @param {Sidebar} sidebar */
  constructor(sidebar) {
    watchEdges(sidebar);
    wireDrag(sidebar.app);
    showCounts(sidebar.app);
  }
}
