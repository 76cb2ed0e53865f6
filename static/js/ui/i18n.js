/** Translation, from Django's catalog (strings.js); `manage.py makemessages -d djangojs` finds the calls. */

/** @type {{gettext?: (id: string) => string, ngettext?: (one: string, many: string, count: number) => string} | undefined} */
const catalog = /** @type {any} */ (globalThis).django;

/** @param {string} id */
export function gettext(id) {
  return catalog?.gettext ? catalog.gettext(id) : id;
}

/** @param {string} one @param {string} many @param {number} count */
export function ngettext(one, many, count) {
  if (catalog?.ngettext) return catalog.ngettext(one, many, count);
  return count === 1 ? one : many;
}

/**
 * @param {string} format with `%(name)s`
 * @param {Record<string, string | number>} values
 */
export function interpolate(format, values) {
  return format.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));
}
