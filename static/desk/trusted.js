// The admin's libraries (jQuery, htmx, select2) set markup by string, which our policy lets nobody do without a Trusted
// Types policy. Markup may be set: it can hold no script that script-src would run. Code and script addresses may not.
"use strict";
globalThis.trustedTypes?.createPolicy("default", { createHTML: (markup) => markup });
// Neither inline styles nor code in attributes: the policy would refuse both.
if (globalThis.htmx) Object.assign(globalThis.htmx.config, { includeIndicatorStyles: false, allowEval: false });
