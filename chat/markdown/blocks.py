"""Blocks of a message where they differ from CommonMark's: they end with their lines, and an empty one is text.

The library asks rules in silent mode whether they end the block that goes on: those in whose `alt` its name is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, fence, heading, list_block, paragraph, table
from markdown_it.rules_block.table import escapedSplit
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from chat.markdown.characters import is_drawn

Rule = Callable[[StateBlock, int, int, bool], bool]

# Quotes may nest this deep, lists half as deep; what lies deeper is shown as text. Each level scans its lines again.
MAX_BLOCK_DEPTH = 10
# Cells of all tables in a message: four characters of text can make a hundred empty cells.
MAX_CELLS = 2_000


def use_blocks(parser: MarkdownIt) -> None:
    """Replace the parser's rules for blocks by those of this module."""
    ruler = parser.block.ruler
    ruler.before("table", "end", _ends, {"alt": ["paragraph", "blockquote"]})
    ruler.at("table", _with_content(_table), {"alt": ["paragraph"]})
    ruler.at("fence", _with_content(fence, "`~"), {"alt": ["paragraph", "blockquote", "list"]})
    ruler.at("blockquote", _with_content(blockquote, ">"), {"alt": ["paragraph", "blockquote", "list"]})
    ruler.at("list", _with_content(list_block, "-+*0123456789"), {"alt": ["paragraph", "blockquote"]})
    ruler.at("heading", _heading, {"alt": ["paragraph", "blockquote"]})


def _ends(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001
    """A line without `>` ends a quote: it is the answer. One that is not indented ends a list.

    Beyond the depth everything is a paragraph. The library's own limit would drop the text.
    """
    if not silent:
        return state.level >= MAX_BLOCK_DEPTH and paragraph(state, start_line, end_line, silent)
    if state.parentType == "paragraph":
        return 0 <= state.sCount[start_line] <= state.listIndent < state.blkIndent
    return state.parentType == "blockquote"  # tables ask this, too


def _with_content(rule: Rule, signs: str = "") -> Rule:
    """Return the rule for blocks that begin with one of the signs; one in which nothing is drawn becomes text."""

    def with_content(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001
        start = state.bMarks[start_line] + state.tShift[start_line]
        if signs and state.src[start : start + 1] not in signs:
            return False
        count = len(state.tokens)
        if not rule(state, start_line, end_line, silent):
            return False
        if not silent and not any(_has_content(token) for token in state.tokens[count:]):
            del state.tokens[count:]
            _push_signs(state, start_line, state.line)
        return True

    return with_content


def _has_content(token: Token) -> bool:
    return token.type in ("hr", "signs") or (token.type in ("inline", "fence") and is_drawn(token.content))


def _push_signs(state: StateBlock, start_line: int, end_line: int) -> None:
    signs = state.push("signs", "p", 0)
    signs.content = state.getLines(start_line, end_line, state.blkIndent, keepLastLF=False).strip(" \t\n")
    signs.map = [start_line, end_line]


def _heading(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001
    """A heading with words: `#` alone ends no paragraph and is text in it."""
    start = state.bMarks[start_line] + state.tShift[start_line]
    if not state.src.startswith("#", start):
        return False
    line = state.src[start : state.eMarks[start_line]]
    return is_drawn(line.strip("# \t")) and heading(state, start_line, end_line, silent)


def _table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001
    """A table goes on while its lines have bars, no more cells than its head, and the message has cells left."""
    if start_line + 2 > end_line:
        return False
    columns = state.src.count("|", state.bMarks[start_line + 1], state.eMarks[start_line + 1]) + 1
    rows = (MAX_CELLS - state.env.get("cells", 0)) // columns
    if rows < 2 or not table(state, start_line, end_line, silent=True):
        return False
    if silent:
        return True
    last = min(end_line, start_line + 1 + rows)
    width = _cells(state, start_line)
    last = next((line for line in range(start_line + 2, last) if not 0 < _cells(state, line) <= width), last)
    if not table(state, start_line, last, silent=False):
        return False
    state.env["cells"] = state.env.get("cells", 0) + columns * (state.line - start_line - 1)
    return True


def _cells(state: StateBlock, line: int) -> int:
    """Return how many cells the line has; none without a bar."""
    text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip()
    if "|" not in text:
        return 0
    cells = escapedSplit(text)
    return len(cells) - (cells[0] == "") - (cells[-1] == "")


def mark_quotes(state: StateCore) -> Iterator[tuple[Token, bool]]:
    """Yield each inline token, and whether it stands in a quote."""
    depth = 0
    for token in state.tokens:
        if token.tag == "blockquote":
            depth += token.nesting
        elif token.type == "inline":
            yield token, depth > 0


def number_items(state: StateCore) -> None:
    """Give the items of ordered lists the numbers they were written with. Equal ones mean: count for me."""
    if all(token.type != "ordered_list_open" for token in state.tokens):
        return
    lists: list[list[Token]] = []
    for token in state.tokens:
        if token.type.endswith("_list_open"):
            lists.append([])
        elif token.type == "list_item_open" and token.info:
            lists[-1].append(token)
        elif token.type.endswith("_list_close"):
            _number(lists.pop())


def _number(items: list[Token]) -> None:
    numbers = [int(item.info) for item in items]
    if len(set(numbers)) < 2:
        return
    for item, number, before in zip(items[1:], numbers[1:], numbers, strict=False):
        if number != before + 1:
            item.attrs["value"] = number
