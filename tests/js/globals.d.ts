// What other scripts put on a page: the type checker cannot see it in our files.

interface Catalog {
  gettext(id: string): string;
  ngettext(one: string, many: string, count: number): string;
}

interface TrustedTypes {
  createPolicy<T extends { createHTML(html: string): string }>(name: string, rules: T): { createHTML(html: string): string };
}

interface AlpineLike {
  closestDataStack(element: Element): object[];
  mergeProxies(stack: object[]): object;
  setEvaluator(evaluator: object): void;
}

interface DeskExpressions {
  meaning(text: string): (scope: object) => any; // an expression may have any value, as in JavaScript
}

// `var` declares a property of globalThis.
declare var django: Catalog | undefined; // Django's JavaScript catalog (/strings.js)
declare var trustedTypes: TrustedTypes | undefined; // no browser but Chromium has it
declare var Alpine: AlpineLike; // on the pages of the admin site, as are the next two
declare var htmx: { config: object } | undefined;
declare var deskExpressions: DeskExpressions;
