// An interpreter for the expressions in the attributes of unfold's templates (x-data, x-on:click, …). Alpine would pass them
// to `new Function`. With the interpreter the admin site needs no 'unsafe-eval', and injected markup can call only what is
// listed below. It reads the subset of JavaScript that the templates use. Alpine's own build for strict policies works in
// the same way.
"use strict";
(() => {
  /** @typedef {Record<PropertyKey, any>} Scope what an expression can name; the values are the templates' own */
  /** @typedef {{kind: "value" | "name" | "sign", value: any}} Token */
  /**
   * A part of an expression as a function of the scope. What can be assigned to has `set`; what is called as a method has
   * `owner`, its object.
   *
   * @typedef {((scope: Scope) => any) & {set?: (scope: Scope, value: any) => any, owner?: (scope: Scope) => any}} Meaning
   */

  const FUNCTIONS = ["theme", "searchForm", "searchDropdown", "getCurrentTab"]; // of unfold's app.js
  const GLOBALS = new Set([...FUNCTIONS, "localStorage", "window", "undefined"]);
  const OF_WINDOW = new Set(["location", "innerWidth"]);
  const REFUSED = new Set(["constructor", "prototype", "__proto__", "ownerDocument", "defaultView"]);
  const TOKEN =
    /\s*(?:(\d+(?:\.\d+)?)|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|([A-Za-z_$][\w$]*)|(===|!==|=>|==|!=|<=|>=|&&|\|\||\?\?|\+\+|--|[-+*/%!<>=?:.,;()[\]{}]))/y;
  const LEVELS = [["??"], ["||"], ["&&"], ["===", "!==", "==", "!="], ["<", ">", "<=", ">="], ["+", "-"], ["*", "/", "%"]];
  /** @type {Record<string, (a: any, b: any) => any>} */
  const OPERATORS = {
    "===": (a, b) => a === b,
    "!==": (a, b) => a !== b,
    // biome-ignore lint/suspicious/noDoubleEquals: the templates of unfold use this operator with its meaning in JavaScript
    "==": (a, b) => a == b,
    // biome-ignore lint/suspicious/noDoubleEquals: as above
    "!=": (a, b) => a != b,
    "<": (a, b) => a < b,
    ">": (a, b) => a > b,
    "<=": (a, b) => a <= b,
    ">=": (a, b) => a >= b,
    "+": (a, b) => a + b,
    "-": (a, b) => a - b,
    "*": (a, b) => a * b,
    "/": (a, b) => a / b,
    "%": (a, b) => a % b,
  };
  /** @type {Map<string, unknown>} variables that would otherwise become global */
  const loose = new Map();
  /** @type {Map<string, boolean | null>} */
  const LITERALS = new Map([
    ["true", true],
    ["false", false],
    ["null", null],
  ]);

  // --- Parsing: from text to a function of a scope --------------------------------------------------------------------

  /** @param {string} text */
  function tokens(text) {
    /** @type {Token[]} */
    const found = [];
    TOKEN.lastIndex = 0;
    while (text.slice(TOKEN.lastIndex).trim()) {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(text);
      if (!match) throw new SyntaxError(`cannot read “${text.slice(at)}”`);
      found.push(token(match));
    }
    return found;
  }

  /** @param {string[]} match of TOKEN @returns {Token} */
  function token([, number, string, name, sign]) {
    if (number) return { kind: "value", value: Number(number) };
    if (string) return { kind: "value", value: string.slice(1, -1).replace(/\\(.)/g, "$1") };
    return { kind: name ? "name" : "sign", value: name ?? sign };
  }

  class Reader {
    /** @param {string} text */
    constructor(text) {
      this.tokens = tokens(text);
      this.at = 0;
    }

    /** @param {string} sign @param {number} [ahead] */
    is(sign, ahead = 0) {
      const token = this.tokens[this.at + ahead];
      return token !== undefined && token.kind !== "value" && token.value === sign;
    }

    /** @param {string} sign */
    take(sign) {
      if (!this.is(sign)) return false;
      this.at += 1;
      return true;
    }

    /** @param {string} sign */
    expect(sign) {
      if (!this.take(sign)) throw new SyntaxError(`“${sign}” is missing`);
    }

    name() {
      const token = this.tokens[this.at++];
      if (token?.kind !== "name") throw new SyntaxError("a name is missing");
      return token.value;
    }

    /** @returns {Meaning} */
    program() {
      /** @type {Meaning[]} */
      const steps = [];
      while (this.at < this.tokens.length) if (!this.take(";")) steps.push(this.statement());
      return sequence(steps);
    }

    /** @returns {Meaning} */
    statement() {
      if (!this.take("if")) return this.expression();
      this.expect("(");
      const condition = this.expression();
      this.expect(")");
      const yes = this.block();
      const no = this.take("else") ? this.block() : () => undefined;
      return (scope) => (condition(scope) ? yes(scope) : no(scope));
    }

    /** @returns {Meaning} */
    block() {
      if (!this.take("{")) return this.statement();
      /** @type {Meaning[]} */
      const steps = [];
      while (!this.take("}")) if (!this.take(";")) steps.push(this.statement());
      return sequence(steps);
    }

    /** @returns {Meaning} */
    expression() {
      const arrow = this.arrow();
      if (arrow) return arrow;
      const target = this.conditional();
      if (!this.take("=")) return target;
      const value = this.expression();
      return (scope) => assign(target, scope, value(scope));
    }

    /** @returns {Meaning | null} */
    arrow() {
      const token = this.tokens[this.at];
      if (token?.kind !== "name" || !this.is("=>", 1)) return null;
      this.at += 2;
      const body = this.expression();
      return (scope) => (/** @type {unknown} */ value) => body(inner(scope, token.value, value));
    }

    /** @returns {Meaning} */
    conditional() {
      const condition = this.binary(0);
      if (!this.take("?")) return condition;
      const yes = this.expression();
      this.expect(":");
      const no = this.expression();
      return (scope) => (condition(scope) ? yes(scope) : no(scope));
    }

    /** @param {number} level @returns {Meaning} */
    binary(level) {
      if (level === LEVELS.length) return this.unary();
      let left = this.binary(level + 1);
      let sign;
      while ((sign = LEVELS[level]?.find((each) => this.take(each)))) left = combine(sign, left, this.binary(level + 1));
      return left;
    }

    /** @returns {Meaning} */
    unary() {
      if (this.take("!")) return negate(this.unary());
      if (this.take("-")) return combine("-", () => 0, this.unary());
      const value = this.postfix();
      if (this.take("++")) return step(value, 1);
      return this.take("--") ? step(value, -1) : value;
    }

    /** @returns {Meaning} */
    postfix() {
      let value = this.primary();
      for (;;) {
        if (this.take(".")) value = member(value, constant(this.name()));
        else if (this.take("[")) value = member(value, only(this.until("]")));
        else if (this.take("(")) value = call(value, this.until(")"));
        else return value;
      }
    }

    /** @returns {Meaning} */
    primary() {
      if (this.take("(")) return only(this.until(")"));
      if (this.take("[")) return list(this.until("]"));
      if (this.take("{")) return this.object();
      const token = this.tokens[this.at++];
      if (token?.kind === "value") return constant(token.value);
      if (token?.kind !== "name") throw new SyntaxError(`“${token?.value}” is not expected here`);
      return LITERALS.has(token.value) ? constant(LITERALS.get(token.value)) : variable(token.value);
    }

    /** @param {string} end */
    until(end) {
      /** @type {Meaning[]} */
      const items = [];
      while (!this.take(end)) {
        items.push(this.expression());
        if (!this.is(end)) this.expect(",");
      }
      return items;
    }

    /** @returns {Meaning} */
    object() {
      /** @type {[string, Meaning][]} */
      const fields = [];
      while (!this.take("}")) {
        const key = this.tokens[this.at++]?.value;
        fields.push([key, this.take(":") ? this.expression() : variable(key)]);
        if (!this.is("}")) this.expect(",");
      }
      return (scope) => Object.fromEntries(fields.map(([key, value]) => [key, value(scope)]));
    }
  }

  // --- Evaluation: see the type Meaning ------

  /** @param {unknown} value @returns {Meaning} */
  const constant = (value) => () => value;
  /** @param {Meaning} value @returns {Meaning} */
  const negate = (value) => (scope) => !value(scope);
  /** @param {Meaning[]} items @returns {Meaning} */
  const list = (items) => (scope) => items.map((item) => item(scope));
  /** @param {Meaning[]} steps @returns {Meaning} the value of the last step */
  const sequence = (steps) => (scope) => steps.reduce((/** @type {unknown} */ _, step) => step(scope), undefined);

  /** @param {Meaning[]} items of parentheses or brackets, which hold an expression */
  function only([item]) {
    if (!item) throw new SyntaxError("an expression is missing");
    return item;
  }

  /** @param {Meaning} target @param {Scope} scope @param {unknown} value */
  function assign(target, scope, value) {
    if (!target.set) throw new SyntaxError("this cannot be assigned to");
    return target.set(scope, value);
  }

  /** @param {string} sign @param {Meaning} left @param {Meaning} right @returns {Meaning} */
  function combine(sign, left, right) {
    if (sign === "&&") return (scope) => left(scope) && right(scope);
    if (sign === "||") return (scope) => left(scope) || right(scope);
    if (sign === "??") return (scope) => left(scope) ?? right(scope);
    return (scope) => OPERATORS[sign]?.(left(scope), right(scope));
  }

  /** @param {string} name */
  function variable(name) {
    /** @type {Meaning} */
    const get = (scope) => (name in scope ? scope[name] : global(name));
    get.owner = (scope) => (name in scope ? scope : undefined);
    get.set = (scope, value) => {
      if (name in scope) return (scope[name] = value);
      loose.set(name, value); // it would become a global variable otherwise
      return value;
    };
    return get;
  }

  /** @param {string} name @returns {unknown} */
  function global(name) {
    if (loose.has(name)) return loose.get(name);
    if (!GLOBALS.has(name)) throw new ReferenceError(`${name} may not be used here`);
    return Reflect.get(globalThis, name);
  }

  /** @param {Meaning} object @param {Meaning} key */
  function member(object, key) {
    /** @type {Meaning} */
    const get = (scope) => {
      const owner = object(scope);
      return owner[permitted(owner, key(scope))];
    };
    get.owner = object;
    get.set = (scope, value) => {
      const owner = object(scope);
      return (owner[permitted(owner, key(scope))] = value);
    };
    return get;
  }

  /** @param {unknown} owner @param {PropertyKey} key @returns {PropertyKey} */
  function permitted(owner, key) {
    if (REFUSED.has(String(key)) || (owner === window && !OF_WINDOW.has(String(key))))
      throw new ReferenceError(`${String(key)} may not be used here`);
    return key;
  }

  /** @param {Meaning} callee @param {Meaning[]} values @returns {Meaning} */
  function call(callee, values) {
    return (scope) =>
      callee(scope).apply(
        callee.owner?.(scope),
        values.map((value) => value(scope)),
      );
  }

  /** @param {Meaning} target @param {number} by @returns {Meaning} */
  function step(target, by) {
    return (scope) => {
      const before = target(scope);
      assign(target, scope, before + by);
      return before;
    };
  }

  /** @param {Scope} scope @param {string} name @param {unknown} value @returns {Scope} the scope of a function with its parameter */
  const inner = (scope, name, value) =>
    new Proxy(scope, {
      has: (object, key) => key === name || key in object,
      get: (object, key) => (key === name ? value : Reflect.get(object, key)),
    });

  // --- Alpine ---------------------------------------------------------------------------------------------------------

  /** @type {Map<string, Meaning>} by text */
  const read = new Map();

  /** @param {string} text @returns {Meaning} */
  function meaning(text) {
    const found = read.get(text) ?? new Reader(text).program();
    read.set(text, found);
    return found;
  }

  /** @param {Element} element @param {string | ((...params: unknown[]) => unknown)} expression */
  function evaluator(element, expression) {
    const stack = Alpine.closestDataStack(element);
    /** @param {(value: unknown) => void} [receive] @param {{scope?: object, params?: unknown[]}} [options] */
    return (receive = () => {}, { scope = {}, params = [] } = {}) => {
      const data = Alpine.mergeProxies([scope, ...stack]);
      try {
        const value = typeof expression === "function" ? expression.apply(data, params) : meaning(expression)(data);
        receive(typeof value === "function" ? value.apply(data, params) : value);
      } catch (error) {
        // biome-ignore lint/suspicious/noConsole: Alpine reports a failing expression there too
        console.error(`In “${expression}”:`, error, element);
      }
    };
  }

  globalThis.document?.addEventListener("alpine:init", () => Alpine.setEvaluator(evaluator));
  globalThis.deskExpressions = { meaning }; // for its test
})();
