// Names between colons and smileys become emoji (static/js/ui/emoji/shortcodes.js), and what finds them (data.js).
import assert from "node:assert/strict";
import { test } from "node:test";

const kept = new Map();
const localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
Object.assign(globalThis, { localStorage });

const { emojiOf, findEmojis, keepSkinTone, loadEmojis, recentEmojis, rememberEmoji, toned } = await import(
  "../../static/js/ui/emoji/data.js"
);
const { hasNames, justTyped, withEmojis } = await import("../../static/js/ui/emoji/shortcodes.js");

const all = await loadEmojis();
/** @param {string} code @returns {NonNullable<ReturnType<typeof emojiOf>>} */
const known = (code) => emojiOf(code) ?? assert.fail(`no emoji :${code}:`);
const lookup = (/** @type {string} */ code, /** @type {number} */ tone) =>
  emojiOf(code) ? toned(known(code), Math.max(tone, 0)) : undefined;
const convert = (text, more = {}) => withEmojis(text, { lookup, smileys: true, ...more });

test("names of Slack, GitHub and Discord are known", () => {
  const names = {
    "+1": "👍",
    thumbsup: "👍",
    thumbs_up: "👍",
    "-1": "👎",
    wave: "👋",
    tada: "🎉",
    joy: "😂",
    heart: "❤️",
    rocket: "🚀",
    fire: "🔥",
    eyes: "👀",
    pray: "🙏",
    white_check_mark: "✅",
    100: "💯",
    slightly_smiling_face: "🙂",
    hankey: "💩",
    poop: "💩",
    "flag-de": "🇩🇪",
    de: "🇩🇪",
    flag_de: "🇩🇪",
    hugging_face: "🤗",
    upside_down: "🙃",
    thinking: "🤔",
    thinking_face: "🤔",
    raised_hands: "🙌",
    clap: "👏",
    muscle: "💪",
    shrug: "🤷",
    man_shrugging: "🤷‍♂️",
    technologist: "🧑‍💻",
    octopus: "🐙",
    x: "❌",
    bug: "🐛",
    memo: "📝",
  };
  for (const [name, emoji] of Object.entries(names)) assert.equal(convert(`:${name}:`), emoji, name);
  assert.equal(convert(":WAVE:"), "👋");
});

test("names are converted wherever they stand for themselves", () => {
  const texts = {
    "Hi :wave:": "Hi 👋",
    ":wave::tada:": "👋🎉",
    "(:tada:)": "(🎉)",
    "**:fire:**": "**🔥**",
    "> :wave:\n- :tada:": "> 👋\n- 🎉",
    "well done :+1::skin-tone-4:!": "well done 👍🏽!",
    ":wave: `:wave:` :wave:": "👋 `:wave:` 👋",
    "`` a ` :wave: `` :tada:": "`` a ` :wave: `` 🎉",
    "```\n:wave:\n```\n:wave:": "```\n:wave:\n```\n👋",
    "~~~\n:wave:": "~~~\n:wave:",
    "> ```\n> :wave:\n> ```\n:wave:": "> ```\n> :wave:\n> ```\n👋",
    "a lone ` and :wave:": "a lone ` and 👋",
  };
  for (const [text, wanted] of Object.entries(texts)) assert.equal(convert(text), wanted, text);
});

test("what only looks like a name stays as it was typed", () => {
  const texts = [
    "10:30:45",
    "at 10:30:45 or 1:100:1",
    "std::vector::x",
    "https://example.test/:wave:",
    "http://a:100:x",
    "www.example.test/:wave:/",
    "a:wave:b",
    "key:x:",
    ":nosuchname:",
    ":wave",
    "wave:",
    ": wave :",
    "::",
    "    :wave: in code",
    "x:100:",
    "[::1]:80",
    ":wave:s",
    "path/:id:",
  ];
  for (const text of texts) assert.equal(convert(text), text);
  assert.equal(hasNames("10:30:45"), false);
  assert.equal(hasNames("Hi :wave:"), true);
});

test("smileys are converted where they stand alone, unless the member does not want it", () => {
  const texts = { ":)": "🙂", "ok :D.": "ok 😃.", ":-( why": "🙁 why", "love <3": "love ❤️", ";)\n:P": "😉\n😛", "hm :/ :|": "hm 😕 😐" };
  for (const [text, wanted] of Object.entries(texts)) {
    assert.equal(convert(text), wanted, text);
    assert.equal(convert(text, { smileys: false }), text);
  }
  for (const text of ["1:)", "http://x", "`:)`", "a:)", ":)x", "10:D", "x<3y", "```\n:)\n```", "https://a.test/:)", "f(:)"])
    assert.equal(convert(text), text);
});

test("what was taken back stays", () => {
  const taken = new Set([":wave:", ":)"]);
  assert.equal(convert("a :wave: b :tada: c :) d ;)", { kept: taken }), "a :wave: b 🎉 c :) d 😉");
});

test("the closing colon completes, and a space behind a smiley", () => {
  const typed = (before, more = {}) => justTyped(before, { lookup, smileys: true, kept: new Set(), ...more });
  assert.deepEqual(typed("Hi :wave:"), { from: 3, to: 9, typed: ":wave:", emoji: "👋" });
  assert.deepEqual(typed("👋:tada:"), { from: 2, to: 8, typed: ":tada:", emoji: "🎉" });
  assert.deepEqual(typed("so :) "), { from: 3, to: 5, typed: ":)", emoji: "🙂" });
  for (const before of ["10:30:", "https://x/:wave:", "a:wave:", "so :)", "f(:) ", ":nosuch:", "plain "])
    assert.equal(typed(before), null, before);
  assert.equal(typed("so :) ", { smileys: false }), null);
  assert.equal(typed("Hi :wave:", { kept: new Set([":wave:"]) }), null);
});

test("emoji are found by short name, by name, by other words, in this order", () => {
  const found = (words, most = 8) => findEmojis(all, words, most).map(({ emoji }) => emoji);
  assert.equal(found("tada")[0], "🎉");
  assert.equal(found("wave")[0], "👋");
  assert.equal(found("+1")[0], "👍");
  assert.ok(found("party").includes("🎉"));
  assert.ok(found("thumbs up").includes("👍"));
  assert.ok(found("germany").includes("🇩🇪"));
  assert.deepEqual(found("nosuchthing"), []);
  assert.equal(found("a", 5).length, 5);
});

test("a skin tone is added where it belongs, and kept", () => {
  const tones = { "👍": "👍🏽", "✌️": "✌🏽", "🤷‍♂️": "🤷🏽‍♂️", "🧑‍💻": "🧑🏽‍💻", "🚀": "🚀", "🕵️‍♀️": "🕵🏽‍♀️" };
  for (const [emoji, wanted] of Object.entries(tones))
    assert.equal(toned(all.find((one) => one.emoji === emoji) ?? assert.fail(emoji), 3), wanted);
  keepSkinTone(5);
  assert.equal(toned(known("wave")), "👋🏿");
  keepSkinTone(0);
});

test("one name each, and what was used last stands first", () => {
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name, codes } of all) assert.ok(name && !name.includes(":wave") && codes[0], name);
  for (const code of ["tada", "fire", "tada"]) rememberEmoji(known(code));
  assert.deepEqual(
    recentEmojis().map(({ emoji }) => emoji),
    ["🎉", "🔥"],
  );
});
