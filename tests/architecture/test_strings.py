"""Every string that a person reads goes through gettext, in templates, in scripts, in the Python of the desk, and in
refusals."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import help_text_for_field, label_for_field
from django.template.base import Lexer, TokenType
from django.utils.functional import Promise
from django.utils.translation.template import templatize

from chat import errors

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted([*(ROOT / "static" / "js").rglob("*.js"), *(ROOT / "static" / "desk").glob("*.js")])
DESK = [ROOT / "accounts" / name for name in ("audit_text.py", "labels.py")]
DESK += sorted((ROOT / "chat" / "admin").glob("*.py"))
NAMES = re.compile(r"\b(?:Parley|API|Ctrl|Shift|Alt|Enter|Esc|Tab|Del)\b")  # of things and keys, alike everywhere
CLASSES = {"page_class", "body_class"}  # blocks that end up in an attribute nobody reads
CODE = {"script", "style", "code", "kbd"}
READ = {"alt", "aria-label", "aria-description", "placeholder", "title", "data-done", "aria-roledescription"}
WORD = re.compile(r"[^\W\d_]{2,}")
# A literal with a word in it, where a person would read it.
SHOWN = re.compile(
    r"""(?:\.(?:textContent|title|placeholder|ariaLabel|innerText|alt)\s*=|\btoast\(|setAttribute\(\s*["'](?:aria-label|title"""
    r"""|placeholder|alt)["']\s*,)\s*(?:["'`])(?P<text>[^"'`$]*[A-Za-z]{2}[^"'`]*)["'`]"""
)


class Reader(HTMLParser):
    """What stands in a template after everything that Django fills in is taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in CODE
        self.found += [value for name, value in attrs if name in READ and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in CODE

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def texts_of(markup: str) -> list[str]:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    texts = (" ".join(text.split()) for text in reader.found)
    return [text for text in texts if WORD.search(NAMES.sub("", text))]


def literals(source: str) -> list[str]:
    """Text that is in the template itself, outside {% translate %}, {% blocktranslate %} and comments."""
    kept, translated = [], False
    for token in Lexer(source).tokenize():
        words = token.contents.split() if token.token_type == TokenType.BLOCK else [""]
        if words[0] in {"blocktranslate", "comment"} or words[-1] in CLASSES:
            translated = True
        elif words[0] in {"endblocktranslate", "endcomment", "endblock"}:
            translated = False
        elif token.token_type == TokenType.TEXT and not translated:
            kept.append(token.contents)
    return texts_of("".join(kept))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_says_nothing_in_one_language(path: Path) -> None:
    assert literals(path.read_text()) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_what_it_says_can_be_extracted(path: Path) -> None:
    """As makemessages does: every string of the template is found by xgettext's own reading of it."""
    source = path.read_text()
    said = re.findall(r"""{%\s*translate\s+["']([^"']+)["']""", source)
    extracted = templatize(source)
    assert [text for text in said if text not in extracted] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT / "static")))
def test_a_script_says_nothing_in_one_language(path: Path) -> None:
    assert [match["text"] for match in SHOWN.finditer(path.read_text())] == []


# --- The Python of the desk ---------------------------------------------------------------------------

GETTEXT = re.compile(r"n?p?gettext(_lazy)?")
# What is given under these names is read, even when it is a single word in small letters.
SAID = {"title", "subtitle", "label", "description", "short_description", "verbose_name", "verbose_name_plural"} | {
    *("help_text", "empty_value_display", "display", "done", "hint", "reason", "unit", "notice", "message"),
}
PROSE = re.compile(r"(?:^|\s)[A-Z][a-z]|[^\W\d_]{2,} [^\W\d_]{2,}")  # a capital, or two words: not a name in code
FILLED = re.compile(r"{\w*}|%\(\w+\)\w")


class Speech(ast.NodeVisitor):
    """What a module of the desk says: `raw` past gettext, `frozen` in the language that was on when it was imported,
    `unseen` by makemessages."""

    def __init__(self, source: str) -> None:
        self.raw: list[str] = []
        self.frozen: list[str] = []
        self.unseen: list[str] = []
        self._names: dict[str, str] = {}
        self._running = 0
        self.visit(ast.parse(source))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module == "django.utils.translation":
            self._names |= {each.asname or each.name: each.name for each in node.names}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(part)
        self._running += 1
        for part in node.body:  # type: ignore[assignment]
            self.visit(part)
        self._running -= 1
        if any("display" in ast.unparse(each) for each in node.decorator_list):
            for part in ast.walk(node):  # type: ignore[assignment]
                if isinstance(part, ast.Return) and part.value is not None:
                    self._said(part.value)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._running += 1
        self.visit(node.body)
        self._running -= 1

    def visit_Call(self, node: ast.Call) -> None:
        name = self._names.get(node.func.id, "") if isinstance(node.func, ast.Name) else ""
        if GETTEXT.fullmatch(name):
            if not (self._running or name.endswith("_lazy")):
                self.frozen.append(ast.unparse(node))
            if not isinstance(node.args[0], ast.Constant):
                self.unseen.append(ast.unparse(node))
            return
        if ast.unparse(node.func).startswith("messages."):
            self._said(node.args[1])
        for keyword in node.keywords:
            if keyword.arg in SAID:
                self._said(keyword.value)
        skipped = 1 if ast.unparse(node.func) == "cast" else 0  # a type
        for part in (*node.args[skipped:], *node.keywords):
            self.visit(part)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._named(target, node.value)
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._named(node.target, node.value)
            self.visit(node.value)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in SAID:
                self._said(value)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        self._hear(node, PROSE)

    def _named(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for pair in zip(target.elts, value.elts, strict=True):
                self._named(*pair)
        name = target.slice if isinstance(target, ast.Subscript) else target
        if {getattr(name, "id", ""), getattr(name, "attr", ""), getattr(name, "value", "")} & SAID:
            self._said(value)

    def _said(self, value: ast.expr) -> None:
        for part in _alternatives(value):
            self._hear(part, WORD)

    def _hear(self, node: ast.expr, pattern: re.Pattern[str]) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts = (FILLED.sub("", text) for text in texts_of(node.value))
            self.raw += [text for text in texts if pattern.search(text) and text not in self.raw]


def _alternatives(node: ast.expr) -> Iterator[ast.expr]:
    """Of an expression, what it may be."""
    match node:
        case ast.IfExp():
            yield from (*_alternatives(node.body), *_alternatives(node.orelse))
        case ast.BoolOp() | ast.JoinedStr():
            for part in node.values:
                yield from _alternatives(part)
        case ast.BinOp():
            yield from (*_alternatives(node.left), *_alternatives(node.right))
        case _:
            yield node


@pytest.mark.parametrize("path", DESK, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_desk_says_nothing_in_one_language(path: Path) -> None:
    speech = Speech(path.read_text())
    assert (speech.raw, speech.frozen, speech.unseen) == ([], [], [])


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.model_name)
def test_the_desk_names_nothing_after_the_code(model) -> None:
    """Columns, fields, choices and models: what Django makes out of the code by itself is in no catalogue."""
    shown = admin.site._registry[model]
    filters = [each[0] if isinstance(each, tuple) else each for each in shown.list_filter]
    names = {*shown.list_display, *(shown.fields or ()), *shown.readonly_fields, *filter(_is_text, filters)}
    fields = [field for field in model._meta.fields if field.name in names]
    said = [model._meta.verbose_name, model._meta.verbose_name_plural, model._meta.app_config.verbose_name]
    said += [label_for_field(name, model, shown) for name in names]
    said += [text for field in fields if (text := help_text_for_field(field.name, model))]
    said += [label for field in fields for _, label in field.choices or ()]
    said += [each.title for each in filters if not _is_text(each)]
    assert [str(text) for text in said if not isinstance(text, Promise)] == []


def _is_text(value: object) -> bool:
    return isinstance(value, str)


# --- Refusals -------------------------------------------------------------------------------------------

SERVER = [path for name in ("accounts", "chat", "config") for path in sorted((ROOT / name).rglob("*.py"))]
REFUSING = {name for name in vars(errors) if not name.startswith("_")} | {"_require"}


class Refusals(ast.NodeVisitor):
    """The sentences that a module refuses with: `raw` past gettext, `unseen` by makemessages."""

    def __init__(self, source: str) -> None:
        self.raw: list[str] = []
        self.unseen: list[str] = []
        self._refusing = False
        self.visit(ast.parse(source))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in node.body:
            if isinstance(part, ast.Assign) and "title" in ast.unparse(part.targets[0]):
                self._listen(part.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func).rpartition(".")[2]
        if self._refusing and (name == "_" or GETTEXT.fullmatch(name)):
            if not isinstance(node.args[0], ast.Constant):
                self.unseen.append(ast.unparse(node))
        elif name in REFUSING:
            for part in (*node.args, *(each.value for each in node.keywords)):
                self._listen(part)
        else:
            self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for part in node.values if self._refusing else (*filter(None, node.keys), *node.values):
            self.visit(part)

    def visit_Constant(self, node: ast.Constant) -> None:
        if self._refusing and isinstance(node.value, str) and PROSE.search(node.value):
            self.raw.append(node.value)

    def _listen(self, node: ast.expr) -> None:
        before, self._refusing = self._refusing, True
        self.visit(node)
        self._refusing = before


def test_a_refusal_says_nothing_in_one_language() -> None:
    refusals = {str(path.relative_to(ROOT)): Refusals(path.read_text()) for path in SERVER}
    assert {path: each.raw + each.unseen for path, each in refusals.items() if each.raw or each.unseen} == {}


@pytest.mark.parametrize(
    "line",
    [
        'raise Forbidden("Not fine.")',
        'raise errors.NotFound("Not fine")',
        'raise Invalid({"text": [f"{most} at most, not fine."]})',
        '_require(access.is_admin, "Not fine" if now else gettext("Fine."))',
        'class Odd(Refusal):\n    code, status, title = "odd", 400, "Not fine."',
        'raise Invalid({}, gettext(f"{most} at most."))',
    ],
)
def test_the_test_reads_refusals(line: str) -> None:
    refusals = Refusals(line)
    assert len(refusals.raw) + len(refusals.unseen) == 1
    assert Refusals('raise Invalid({"text": [_("Fine: %(a)s") % {"a": 1}], "otp": ["otp_required"]})').raw == []


def test_the_test_sees() -> None:
    assert literals('<p title="A title">{% translate "fine" %} not <b>fine</b> {{ name }}</p>') == [
        "A title",
        "not",
        "fine",
    ]
    assert literals("{% blocktranslate %}fine{% endblocktranslate %} · {# note #} Parley") == []
    for script in (
        'node.textContent = "Not fine"',
        "button.setAttribute('aria-label', 'Not fine')",
        "toast(`Not fine`)",
    ):
        assert SHOWN.search(script), script
    assert not SHOWN.search('node.textContent = _("Fine")')


@pytest.mark.parametrize(
    "line",
    [
        'Act(name="mute", label="mute")',
        'f = forms.CharField(help_text="Not fine" if now else _("fine"))',
        'title, parameter_name = "state", "state"',
        'context["title"] = "overview"',
        'items = [("open", "Open")]',
        'context = {"subtitle": "report"}',
        "x = format_html(\"<b title='Not fine'>{}</b>\", name)",
        'x = f"At most {count}"',
        'messages.error(request, "nonsense")',
        '@display(description=_("fine"))\ndef state(self, row):\n    return row.text or "gone"',
    ],
)
def test_the_test_hears(line: str) -> None:
    imported = "from django.utils.translation import gettext, gettext_lazy as _\n"
    assert len(Speech(imported + line).raw) == 1, line


def test_the_test_knows_when_a_language_is_chosen() -> None:
    imported = "from django.utils.translation import gettext, gettext_lazy as _\n"
    fine = Speech(imported + 'A = _("Fine")\ndef f(b=_("Fine")):\n    """Say it."""\n    return gettext("Fine")')
    assert (fine.raw, fine.frozen, fine.unseen) == ([], [], [])
    assert Speech(imported + 'A = gettext("A")\ndef f(b=gettext("B")): ...').frozen == ["gettext('A')", "gettext('B')"]
    assert Speech(imported + 'A = _(f"At most {count}")').unseen == ["_(f'At most {count}')"]
