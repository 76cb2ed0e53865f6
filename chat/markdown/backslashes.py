r"""Which backslashes are escapes, and which are backslashes.

A backslash is an escape where the sign after it would be markup without it: `\*not bold\*`, `1\. no list`, `\@bob`.
Everywhere else it is shown, as in paths, regular expressions, LaTeX and `\_` between letters. To find out, the text is
parsed once more without the backslashes, and the signs that become markup are noted.

A word with a backslash before a letter, or one that begins like a path, is a path, a regular expression or a formula.
It is shown as it was written, whatever signs it has.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, fragments_join
from markdown_it.token import Token

from chat.markdown.addresses import find_addresses
from chat.markdown.characters import is_word
from chat.markdown.emphasis import InlineState, Signs
from chat.markdown.names import signs_of_names

Rule = Callable[[StateInline, bool], bool]

_ESCAPES = re.compile(r"\\+(?=[!-/:-@\[-`{-~])")
_RUN = re.compile(r"\\+")


def verbatim(text: str) -> frozenset[int]:
    """Return where the signs stand that are text in any case, because they are part of a path or the like."""
    if "\\" not in text:
        return frozenset()
    found: set[int] = set()
    for word in _WORD.finditer(text):
        if _is_verbatim(word[0]):
            found.update(word.start() + at for at in _inner_signs(word[0]))
    for shrug in _SHRUG.finditer(text):
        found.update(range(shrug.start(), shrug.end()))
    return frozenset(found)


_WORD = re.compile(r"\S*\\\S*")
_PATH = re.compile(
    r"\\[^\W_]"  # a backslash before a letter: \d, \frac, \Users
    r"|(?<![^\W_])[A-Za-z]:\\"  # a drive
    r"|^[\"'(\[«“‘*_~]*(?:\\\\[\w.?$-]|(?:\.{1,2}|~|%\w+%|\$\w+|\$env:\w+)\\)"  # \\server, ..\, %TEMP%\
)
_SHRUG = re.compile(r"\\_\([^()\s]{1,8}\)_/")  # ¯\_(ツ)_/¯
_LEADING = re.compile(r"[\"'(\[«“‘]*([*_~]*)")
_TRAILING = re.compile(r"(\*+|_+|~+)[\"')\]».,:;!?”’]*\Z")
_SIGNS = re.compile(r"[*_~]+|\\+")
_INNER = re.compile(r"[A-Za-z0-9.\\$%:/*_~-]")


def _is_verbatim(word: str) -> bool:
    return "`" not in word and "://" not in word and _PATH.search(word) is not None


def _inner_signs(word: str) -> list[int]:
    """Return the signs within a path, without those of emphasis around it."""
    leading, trailing = _LEADING.match(word), _TRAILING.search(word)
    first = leading.end() if leading else 0
    last = len(word)
    if trailing and (word[trailing.start() - 1] != "\\" or (leading and leading[1] == trailing[1])):
        last = trailing.start()
    inner: list[int] = []
    for signs in _SIGNS.finditer(word, first, last):
        before, after = word[signs.start() - 1 : signs.start()], word[signs.end() : signs.end() + 1]
        goes_on = bool(after) and (_INNER.match(after) is not None or is_word(after))
        if "\\" in (before, after, word[signs.start()]) or (goes_on and "\\" in word[: signs.start()]):
            inner.extend(range(signs.start(), signs.end()))
    return inner


def backslash(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Parse backslashes: pairs of them and an escaped sign where it would be markup, all as they are elsewhere.

    A backslash at the end of a line is shown, too: every newline is one in a chat, it needs none.
    """
    run = _RUN.match(state.src, state.pos) if state.src[state.pos] == "\\" else None
    if run is None:
        return False
    end = run.end()
    if isinstance(state, InlineState) and state.pos in state.verbatim:
        if not silent:
            state.append_pending(run[0])
        state.pos = end
        return True
    sign = state.src[end : end + 1] if _ESCAPES.match(state.src, state.pos) else ""
    count = end - state.pos
    if sign and _is_escape(state, end, count):
        escaped = sign if count % 2 else ""
        if not silent:
            state.append_pending("\\" * (count // 2))
            if escaped:
                state.push("text_special", "", 0).content = escaped
        state.pos = end + len(escaped)
        return True
    if not silent:
        state.append_pending(state.src[state.pos : end] + sign)
    state.pos = end + len(sign)
    return True


def _is_escape(state: StateInline, sign: int, count: int) -> bool:
    """Return whether the sign at this position would be markup without the `count` backslashes before it."""
    if not isinstance(state, InlineState):
        return False
    if state.signs is None:
        state.signs = _signs_of(state)
    return sign in state.signs.within or (count == 1 and sign in state.signs.leading)


def _signs_of(state: InlineState) -> Signs:
    removed = [m.span() for m in _ESCAPES.finditer(state.src) if m.start() not in state.verbatim]
    kept = list(pairwise([0, *(at for span in removed for at in span), len(state.src)]))[::2]
    origin = [at for start, end in kept for at in range(start, end)]
    bare = "".join(state.src[start:end] for start, end in kept)
    probe = _probed(bare, state.md)
    pairs = (range(start, end) for start, end, token in probe.pairs if _is_markup(token))
    within = probe.ends.union(*pairs)
    leading = probe.schemes | set(signs_of_names(bare)) | _signs_of_addresses(bare) | _signs_of_blocks(bare)
    return Signs(frozenset(origin[at] for at in within), frozenset(origin[at] for at in leading))


def _signs_of_addresses(text: str) -> set[int]:
    return {text.index("@" if "@" in text[each.start : each.end] else ".", each.start) for each in find_addresses(text)}


# What begins a block at the start of a line, the groups being what makes it one.
_BLOCKS = re.compile(
    r"^[ \t]*(?:(#{1,6})[ \t]+\S|(>)[> \t]*[^>\s]|([-+*])[ \t]+\S|\d{1,9}([.)])[ \t]+\S|(`{3,}|~{3,})"
    r"|((?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$)",
    re.MULTILINE,
)


def _signs_of_blocks(text: str) -> set[int]:
    return {
        at
        for match in _BLOCKS.finditer(text)
        for group in range(1, 7)
        if match[group] is not None
        for at in range(*match.span(group))
    }


class ProbeState(InlineState):
    """Notes which signs became markup: those of pairs when all pairs are known."""

    def __init__(self, src: str, md: MarkdownIt, tokens: list[Token]) -> None:
        super().__init__(src, md, {}, tokens)
        self.verbatim = verbatim(src)
        self.signs = Signs(frozenset(), frozenset())
        self.ends: set[int] = set()
        self.schemes: set[int] = set()
        self.pairs: list[tuple[int, int, Token]] = []


def _probed(text: str, md: MarkdownIt) -> ProbeState:
    probe = ProbeState(text, md, [])
    md.inline.tokenize(probe)
    for rule in md.inline.ruler2.getRules(""):
        if rule is not fragments_join:  # that would mix the tokens that are looked at
            rule(probe)
    return probe


def _is_markup(token: Token) -> bool:
    """Return whether a sign became a tag, or the second half of one: `**` are two tokens, of which one is emptied."""
    return token.nesting != 0 or not token.content


def pairs(rule: Rule, signs: str) -> Rule:
    """Return a rule for emphasis or strikethrough that takes verbatim signs for text and notes the others."""

    def with_signs(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
        start, count = state.pos, len(state.tokens)
        if silent or state.src[start] not in signs:
            return False
        if isinstance(state, InlineState) and start in state.verbatim:
            state.append_pending(state.src[start])
            state.pos += 1
            return True
        if not rule(state, silent):
            return False
        if isinstance(state, ProbeState):
            _note(state, start, state.tokens[count:])
        return True

    return with_signs


def _note(state: ProbeState, start: int, tokens: list[Token]) -> None:
    at = state.pos
    for token in reversed(tokens):
        if at <= start:
            break  # text that was pending
        state.pairs.append((at - len(token.content), at, token))
        at -= len(token.content)


def enclosing(rule: Rule, sign: str, note: Callable[[ProbeState, int, int], None]) -> Rule:
    """Return a rule for what begins with `sign` that notes the signs at its ends."""

    def with_ends(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
        start = state.pos
        if state.src[start] != sign or not rule(state, silent):
            return False
        if isinstance(state, ProbeState) and not silent:
            note(state, start, state.pos)
        return True

    return with_ends


def note_code(state: ProbeState, start: int, end: int) -> None:
    if state.pending or state.tokens[-1].type != "code_inline":
        return  # backticks without their other half
    width = len(state.tokens[-1].markup)
    state.ends.update(range(start, start + width), range(end - width, end))


def note_link(state: ProbeState, start: int, end: int) -> None:
    label = start + (state.src[start] == "!")
    closing = state.md.helpers.parseLinkLabel(state, label, True)  # noqa: FBT003
    state.ends.update((start, label, closing, closing + 1, end - 1))


def note_autolink(state: ProbeState, start: int, end: int) -> None:
    state.ends.update((start, end - 1))


def note_scheme(state: ProbeState, start: int, end: int) -> None:
    state.schemes.update((start, start + 1, start + 2))
