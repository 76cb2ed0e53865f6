/**
 * Checks that an answer comes from the server and belongs to the request. Captive portals, proxies and caches answer as
 * well: with `{}` and status 200, with a page of HTML, or with an old answer. The table has a row for each address that the
 * client requests, and a test fails for an address without a row. README.md gives the rule for other clients.
 *
 * @typedef {(answer: any, ids: string[], body: any) => unknown} Proof returns a truthy value if the answer fits; `ids` are the ids in the path
 */

const isText = (/** @type {unknown} */ value) => typeof value === "string";
const isId = (/** @type {unknown} */ value) => typeof value === "string" && value !== "";
const isNumber = Number.isSafeInteger;
const isEntity = (/** @type {any} */ one) => isId(one?.id) && isNumber(one.version);
const isMember = (/** @type {any} */ one) => isEntity(one) && isId(one.handle) && isText(one.name);
const isConversation = (/** @type {any} */ one) => isEntity(one) && isId(one.kind) && isNumber(one.last_seq) && Array.isArray(one.people);
const isParticipant = (/** @type {any} */ one) => isId(one?.conversation) && isId(one.member) && isNumber(one.version);
const isMessage = (/** @type {any} */ one) =>
  isEntity(one) && isId(one.conversation) && isNumber(one.seq) && isText(one.text) && Array.isArray(one.reactions);
const isThis = (/** @type {any} */ one, /** @type {string[]} */ [id]) => one.id === id;
const isHere = (/** @type {any} */ one, /** @type {string[]} */ [conversation]) => one.conversation === conversation;

/** @param {any} one @param {string} ref */
const isSent = (one, ref) => isText(one.ref) && one.ref.toLowerCase() === ref.toLowerCase();

/** @param {any} one @param {Record<string, unknown>} wanted */
const hasAll = (one, wanted) => Object.entries(wanted).every(([name, value]) => one?.[name] === value);

/** @param {unknown} list @param {(one: any) => unknown} isOne */
const isEach = (list, isOne) => Array.isArray(list) && list.every(isOne);

/** @param {(one: any, ids: string[]) => unknown} isOne @returns {Proof} */
const page = (isOne) => (answer, ids) =>
  (answer?.next === null || isText(answer?.next)) && isEach(answer.results, (one) => isOne(one, ids));

/** @param {(one: any) => unknown} isOne @param {Proof} [more] @returns {Proof} an entity that the path names */
const the =
  (isOne, more = () => true) =>
  (one, ids, body) =>
    isOne(one) && isThis(one, ids) && more(one, ids, body);

/** @param {Proof} [more] @returns {Proof} the participant, in the conversation that the path names */
const theParticipant =
  (more = () => true) =>
  (one, ids, body) =>
    isParticipant(one) && isHere(one, ids) && more(one, ids, body);

/** @type {Proof} that the member has acknowledged a sanction or the outcome of a report */
const acknowledged = (one, [, id]) => isEntity(one) && one.id === id && one.acknowledged_at;

/** An answer without content. It proves nothing by itself: the caller checks the effect of the request. @type {Proof} */
const nothing = (answer) => answer === null;

/** Emoji are compared without U+FE0F, which clients and the server add or leave out. @param {string} emoji */
export const plainEmoji = (emoji) => emoji.replaceAll("\u{fe0f}", "");

/** @type {Proof} */
function isSync({
  cursor,
  full,
  more,
  organization,
  me,
  members,
  conversations,
  participants,
  messages,
  reports,
  sanctions,
  cases = null,
  removed,
  presence,
}) {
  return (
    isId(cursor) &&
    typeof full === "boolean" &&
    typeof more === "boolean" &&
    [organization, me].every(isEntity) &&
    isEach(members, isMember) &&
    isEach(conversations, isConversation) &&
    isEach(participants, isParticipant) &&
    isEach(messages, isMessage) &&
    isEach(reports, isEntity) &&
    isEach(sanctions, isEntity) &&
    (cases === null || isEach(cases, isEntity)) &&
    isEach(removed?.conversations, isId) &&
    isEach(presence, (one) => isId(one?.member))
  );
}

const messages = page((one, ids) => isMessage(one) && isHere(one, ids));

/** By method and path, ids as `*`. @type {Record<string, Proof>} */
export const PROOFS = {
  "GET sync": isSync,
  "GET me": ({ organizations }) => isEach(organizations, (one) => isId(one?.slug)),
  "GET members": page(isMember),
  "GET members/*": the(isMember),
  "POST members/*/sanctions/*/acknowledge": acknowledged,
  "POST members/*/reports/*/acknowledge": acknowledged,
  "PATCH members/*": (member, _, { preferences = {} }) => isMember(member) && hasAll(member.preferences, preferences),
  "PUT members/*/status": ({ member, version }) => isId(member) && isNumber(version),
  "DELETE members/*/status": nothing,
  "GET presence": page((one) => isId(one?.member) && isId(one.state)),
  "GET mentions": page(isMessage),
  "GET search": page(isMessage),
  "GET clients": page((one) => isId(one?.id) && isId(one.platform)),
  "POST clients": ({ id, tag }) => isId(id) && isNumber(tag),
  "POST clients/*/sign-out": nothing,
  "GET conversations": page(isConversation),
  "POST conversations": (one, _, { kind, members = [] }) =>
    isConversation(one) &&
    one.kind === kind &&
    (one.people.length === 0 || members.every((/** @type {string} */ id) => one.people.includes(id))),
  "GET conversations/*": the(isConversation),
  "PATCH conversations/*": the(isConversation, (one, _, { archived }) => archived === undefined || Boolean(one.archived_at) === archived),
  "POST conversations/*/archive": the(isConversation, (one) => one.archived_at),
  "POST conversations/*/join": the(isConversation, (one) => isParticipant(one.participant)),
  "POST conversations/*/leave": nothing,
  "POST conversations/*/preview": ({ html }) => isText(html),
  "GET conversations/*/pins": messages,
  "GET conversations/*/messages": messages,
  "POST conversations/*/messages": (one, ids, { ref }) => isMessage(one) && isHere(one, ids) && isSent(one, ref),
  "PUT conversations/*/read": theParticipant((one, _, { seq, unread, thread }) => {
    if (unread) return one.unread_from === seq;
    return thread ? Array.isArray(one.read) : one.read_seq >= seq; // reading a thread does not move the read position
  }),
  "GET conversations/*/participants": page((one, ids) => isParticipant(one) && isHere(one, ids)),
  "POST conversations/*/participants": theParticipant((one, _, { member }) => one.member === member),
  "GET conversations/*/participants/*": theParticipant((one, [, member]) => one.member === member),
  "PATCH conversations/*/participants/*": theParticipant((one, [, member], body) => one.member === member && hasAll(one, body)),
  "DELETE conversations/*/participants/*": nothing,
  "GET messages/*": the(isMessage),
  "PATCH messages/*": the(isMessage, (one, _, { text, version = 0 }) => one.version > version || one.text.trim() === text.trim()),
  "DELETE messages/*": nothing,
  "GET messages/*/thread": page(isMessage),
  "GET messages/*/revisions": page((one) => isNumber(one?.version) && isText(one.text)),
  "GET messages/*/receipts": ({ delivered, read }) => isEach(delivered, (one) => isId(one?.member)) && isEach(read, isId),
  "GET messages/*/original": ({ text }) => isText(text),
  "POST messages/*/report": (one, [message], { reason }) => isEntity(one) && one.message === message && one.reason === reason,
  "PUT messages/*/reactions/*": the(isMessage, (one, [, emoji]) =>
    one.reactions.some((/** @type {any} */ its) => plainEmoji(its.emoji) === plainEmoji(emoji ?? "")),
  ),
  "DELETE messages/*/reactions/*": nothing,
  "PUT messages/*/pin": the(isMessage, (one) => one.pinned_at),
  "DELETE messages/*/pin": nothing,
};

/** The error codes of the server, with their statuses. An error with another code does not come from the server. @type {Record<string, number>} */
export const REFUSALS = {
  not_authenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  invalid: 422,
  throttled: 429,
  internal: 500,
  unavailable: 503,
};

/**
 * @param {string} method
 * @param {string} path as requested, relative or absolute
 * @param {unknown} body of the request
 * @param {unknown} answer null for 204, undefined if it is not JSON
 * @param {boolean} isEchoed whether the answer carries the header of the request
 * @returns {boolean} whether the answer fits the address; for an address without a row, whether the header was echoed
 */
export function isProven(method, path, body, answer, isEchoed) {
  const segments = path
    .replace(/^.*\/api\/v1\//, "")
    .replace(/\?.*/, "")
    .split("/");
  const proof = PROOFS[`${method} ${segments.map((one, index) => (index % 2 ? "*" : one)).join("/")}`];
  if (!proof) return isEchoed;
  const ids = segments.filter((_, index) => index % 2).map(decodeURIComponent);
  return answer !== undefined && (answer === null) === (proof === nothing) && Boolean(proof(answer, ids, body ?? {}));
}

/** @param {any} frame of the socket @returns {boolean} whether it has the fields of its `op`; an unknown op needs none */
export function isFrame(frame) {
  const { op, tag, events, client, heartbeat, window, signal, ref } = frame ?? {};
  if (op === "result" || op === "error") return isText(ref) || ref === null;
  if (op === "hello") return isId(client) && isNumber(tag) && heartbeat > 0 && window > 0;
  if (op === "events") return isNumber(tag) && isEach(events, (one) => isText(one?.type) && one.data);
  if (op === "signal") return isNumber(tag) && isText(signal?.type);
  return op === "heartbeat" || op === "resync" ? isNumber(tag) : isText(op);
}

/** @param {any} asked the command @param {any} result @returns {boolean} whether the result belongs to the command */
export function isResult(asked, { message, participant }) {
  const [row, found] = asked.op === "message.send" ? ["POST conversations/*/messages", message] : ["PUT conversations/*/read", participant];
  return Boolean(PROOFS[row]?.(found, [asked.conversation], asked));
}
