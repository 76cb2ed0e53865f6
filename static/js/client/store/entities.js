/** @import {Collections, Member, Organization, Rule} from "../types.js" */

import { RULES } from "../types.js";

const rules = Object.values(RULES);
const MODERATORS = new Set(["owner", "admin", "moderator"]); // roles that may see the desk
const OWNED = Object.keys(RULES).filter((noun) => RULES[noun]?.owner === "member");

/**
 * What changed in one batch. Sets of ids, one for each collection of `entities` as well; `histories` are conversations
 * whose messages changed.
 *
 * @typedef {{[C in keyof Collections]: Set<string>} & OtherChanges} Changes
 */
/**
 * @typedef {object} OtherChanges
 * @property {Set<string>} members
 * @property {Set<string>} conversations
 * @property {Set<string>} participants conversations in which a participant changed
 * @property {Set<string>} messages
 * @property {Set<string>} histories
 * @property {boolean} organization
 */

/** Collects what changes, and notifies observers once for each batch of changes. */
class Observed {
  /** @protected */
  changes = noChanges();
  /** @type {Set<(changes: Changes) => void>} */
  #observers = new Set();
  #depth = 0;

  /**
   * @param {(changes: Changes) => void} observer
   * @returns {() => void} ends it
   */
  observe(observer) {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /**
   * Run `work`, then notify the observers once of all that it changed.
   *
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  batch(work) {
    this.#depth += 1;
    try {
      return work();
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0) this.#notify();
    }
  }

  #notify() {
    const changes = this.changes;
    this.changes = noChanges();
    const { organization, ...sets } = changes;
    if (organization || Object.values(sets).some((set) => set.size)) for (const observer of this.#observers) observer(changes);
  }
}

/** @returns {Changes} */
function noChanges() {
  const collections = Object.fromEntries(Object.values(RULES).map(({ collection }) => [collection, new Set()]));
  return /** @type {Changes} */ ({
    ...collections,
    members: new Set(),
    conversations: new Set(),
    participants: new Set(),
    messages: new Set(),
    histories: new Set(),
    organization: false,
  });
}

/**
 * The entities without rules of their own, by collection and key. The server's registry says which these are, so a new
 * entity needs no code here.
 */
class Entities extends Observed {
  entities = /** @type {Collections} */ (
    /** @type {unknown} */ (Object.fromEntries(rules.map(({ collection }) => [collection, new Map()])))
  );

  /** @param {string} noun @param {any} entity replaces an older one; one of a noun that is not known is ignored */
  putEntity(noun, entity) {
    const rule = RULES[noun];
    if (!rule) return;
    const known = this.#collection(rule);
    const key = entity[rule.key];
    if (!isNewer(entity, known.get(key))) return;
    this.batch(() => {
      known.set(key, entity);
      this.changes[rule.collection].add(key);
    });
  }

  /** @protected @param {any} answer of sync */
  takeEntities(answer) {
    for (const [noun, rule] of Object.entries(RULES)) {
      const entities = answer[rule.collection]; // a server of an earlier version leaves it out
      if (rule.whole && entities) this.forgetEntities((other) => other === rule);
      for (const entity of entities ?? []) this.putEntity(noun, entity);
    }
  }

  /**
   * @protected
   * @param {(rule: Rule) => boolean} which
   * @param {(key: any, rule: Rule) => boolean} [gone] whether the entity has to go; without it all of them
   */
  forgetEntities(which, gone = () => true) {
    this.batch(() => {
      for (const rule of rules.filter(which)) {
        for (const [key, entity] of this.#collection(rule)) {
          if (!gone(entity, rule)) continue;
          this.#collection(rule).delete(key);
          this.changes[rule.collection].add(key);
        }
      }
    });
  }

  /** @protected @param {"member" | "conversation"} owner @param {(id: string) => boolean} gone which owners are forgotten */
  forgetOwned(owner, gone) {
    this.forgetEntities(
      (rule) => rule.owner === owner,
      (entity) => gone(entity[owner]),
    );
  }

  /** @param {Rule} rule */
  #collection({ collection }) {
    return /** @type {Map<string, {version: number}>} */ (this.entities[collection]);
  }
}

/** @param {{version: number}} entity @param {{version: number} | undefined} known */
export function isNewer(entity, known) {
  return !known || entity.version > known.version;
}

/** The organization and its people. */
export class Members extends Entities {
  /** @type {Organization | null} */
  organization = null;
  /** @type {Map<string, Member>} */
  members = new Map();
  /** @protected Grows when something is forgotten; see `isCurrent`. */
  now = 0;
  #peopleForgottenAt = 0;

  /** @param {string} me id of the caller's own member */
  constructor(me) {
    super();
    this.me = me;
  }

  /** @param {Organization} organization */
  putOrganization(organization) {
    if (this.organization && this.organization.version >= organization.version) return;
    this.batch(() => {
      this.organization = organization;
      this.changes.organization = true;
    });
  }

  /** @param {Member} given comes with private fields, without them, or with entities that belong to the member; under one version */
  putMember(given) {
    const member = this.#takeOwned(given);
    const known = this.members.get(member.id);
    const merged = { ...known, ...member };
    if (known && (member.version < known.version || JSON.stringify(merged) === JSON.stringify(known))) return;
    this.batch(() => {
      this.members.set(member.id, merged);
      this.changes.members.add(member.id);
    });
  }

  /** Whether the member may see the moderators' desk. */
  get moderates() {
    return MODERATORS.has(this.members.get(this.me)?.role ?? "");
  }

  /** @param {number} moment whether no people were forgotten since then */
  areMembersCurrent(moment) {
    return this.#peopleForgottenAt <= moment;
  }

  /** @protected @param {Set<string>} except */
  forgetMembers(except) {
    const gone = [...this.members.keys()].filter((id) => !except.has(id));
    if (gone.length) this.#peopleForgottenAt = this.now += 1;
    this.forgetOwned("member", (id) => !except.has(id));
    for (const id of gone) {
      this.members.delete(id);
      this.changes.members.add(id);
    }
  }

  /** @protected Everything is about to be replaced, and what was asked for before is no longer current. */
  replaceAll() {
    this.now += 1;
    this.#peopleForgottenAt = this.now;
    this.forgetMembers(new Set());
    this.forgetEntities(() => true);
    this.organization = null;
  }

  /** @param {any} given a member as REST answers: with the entities that belong to them @returns {Member} without these */
  #takeOwned(given) {
    if (!OWNED.some((noun) => noun in given)) return given;
    const member = { ...given };
    for (const noun of OWNED) {
      if (member[noun]) this.putEntity(noun, member[noun]);
      delete member[noun];
    }
    return member;
  }
}
