/** Translation, from Django's catalog (strings.js); `manage.py makemessages -d djangojs` finds the calls. */

const catalog = globalThis.django;

/** @param {string} id */
export function gettext(id) {
  return catalog ? catalog.gettext(id) : id;
}

/** @param {string} one @param {string} many @param {number} count */
export function ngettext(one, many, count) {
  if (catalog) return catalog.ngettext(one, many, count);
  return count === 1 ? one : many;
}

const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/**
 * @param {string} format with `%(name)s`; a value written from right to left is isolated, so that it does not move the characters beside it
 * @param {Record<string, string | number>} values
 */
export function interpolate(format, values) {
  return format.replace(/%\((\w+)\)s/g, (_, name) => isolated(String(values[name])));
}

/** @param {string} value */
function isolated(value) {
  return RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : value;
}
