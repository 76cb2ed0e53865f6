"""Blocks of code in colour, by classes of Pygments."""

from __future__ import annotations

import re
from functools import cache
from html import escape

import pygments
from markdown_it.utils import EnvType
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name
from pygments.token import STANDARD_TYPES

# Characters of code highlighted in one message. Pygments' patterns backtrack: the worst input found for the languages
# below takes 94 ms at this size and grows with the square. More than this is a file, and stays readable without colour.
MAX_HIGHLIGHTED = 2_000
# C-like lexers are quadratic in runs of white space (2,000: 270 ms).
_WIDE_GAP = re.compile(r"\s{80}")

# Closed, because any other name would let the author choose among 500 lexers, some with exponential patterns (Scala: a
# quote and 30 backslashes take 0.2 s, 40 take 20 s).
LANGUAGES = frozenset({
    "bash", "batch", "c", "clojure", "cmake", "console", "cpp", "csharp", "css", "dart", "diff", "docker", "elixir",
    "erlang", "fsharp", "go", "graphql", "haskell", "html", "http", "ini", "java", "javascript", "json", "jsx", "julia",
    "kotlin", "latex", "lua", "make", "nginx", "nix", "ocaml", "perl", "php", "powershell", "protobuf", "pycon",
    "python", "pytb", "r", "ruby", "rust", "scss", "sql", "swift", "terraform", "toml", "tsx", "typescript", "vim",
    "vue", "xml", "yaml", "zig",
})  # fmt: skip
# These lexers are slower than the rest: smaller limits for the same time.
_SLOW_LANGUAGES = {"csharp": 800, "terraform": 1_000}
_ALIASES = {
    "c#": "csharp", "c++": "cpp", "cs": "csharp", "dockerfile": "docker", "f#": "fsharp", "golang": "go",
    "hcl": "terraform", "hs": "haskell", "js": "javascript", "kt": "kotlin", "makefile": "make", "patch": "diff",
    "proto": "protobuf", "ps1": "powershell", "pwsh": "powershell", "py": "python", "py3": "python",
    "python3": "python", "rb": "ruby", "rs": "rust", "sh": "bash", "shell": "bash", "shell-session": "console",
    "tex": "latex", "tf": "terraform", "ts": "typescript", "yml": "yaml", "zsh": "bash",
}  # fmt: skip

CLASSES = frozenset(name for name in STANDARD_TYPES.values() if name)

_LANGUAGE = re.compile(r"[a-z0-9+#._-]{1,30}")


def language(info: str) -> str:
    """Return the word after the fence as a known language's name or as written; "" if it cannot be such a name."""
    written = info.strip().lower()
    return _ALIASES.get(written, written) if _LANGUAGE.fullmatch(written) else ""


def highlighted(code: str, language: str, env: EnvType) -> str:
    """Return the code as HTML, with colours where its language is known and the message is not too long for them."""
    spent = env.get("highlighted", 0) + len(code)
    limit = _SLOW_LANGUAGES.get(language, MAX_HIGHLIGHTED)
    if language not in LANGUAGES or spent > limit or _WIDE_GAP.search(code):
        return escape(code, quote=False)
    env["highlighted"] = spent
    # A lexer of its own for each text: some keep state in the instance, and this runs in many threads.
    tokens = list(_lexer_class(language)(stripnl=False, ensurenl=False).get_tokens(code))
    # Some lexers swallow text, as that of Terraform does at a here-document without an end.
    if "".join(text for _, text in tokens) != code:
        return escape(code, quote=False)
    return pygments.format(tokens, _FORMATTER)


@cache
def _lexer_class(language: str) -> type[Lexer]:
    return find_lexer_class_by_name(language)


_FORMATTER = HtmlFormatter(nowrap=True)
