"""Hashed names, bundled scripts and joined style sheets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import CommandError
from django.test import Client

from config import fonts
from config.bundles import ENTRIES, joined_style, make_bundle
from config.static_files import ManifestStorage, minified_style

MOST_FONT = 40 * 1024  # bytes: it is preloaded with the page
SOURCES = Path(settings.BASE_DIR) / "static"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
ENTRY = "js/ui/shell/main.js"
LATER = re.compile(r'import\("\./([^"]+)"\)')
AT_ONCE = re.compile(r'\bfrom ?"\./([^"]+)"')


def content(client: Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200, address
    assert answer["Cache-Control"] == "max-age=315360000, public, immutable", address
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def modules() -> dict[str, bytes]:
    return {path.relative_to(SOURCES).as_posix(): path.read_bytes() for path in (SOURCES / "js").rglob("*.js")}


def test_tests_run_on_hashed_names() -> None:
    assert isinstance(staticfiles_storage, ManifestStorage)


def test_every_script_that_a_template_names_is_an_entry() -> None:
    named = {
        name
        for path in TEMPLATES.rglob("*.html")
        for name in re.findall(r"{% static '(js/[^']+)' %}", path.read_text())
    }
    assert named == ENTRIES.keys()


def test_the_page_needs_one_file_until_something_is_opened(client: Client) -> None:
    main = content(client, staticfiles_storage.url(ENTRY)).decode()
    assert not AT_ONCE.findall(main)
    assert len(LATER.findall(main)) > 3


def test_every_module_is_in_one_file_of_a_bundle() -> None:
    """Otherwise there would be two stores, one of which nothing is written to."""
    maps = [json.loads(text) for name, text in make_bundle(ENTRY, modules()).files.items() if name.endswith(".map")]
    sources = [source for one in maps for source in one["sources"]]
    assert len(sources) == len(set(sources)) > 80


def test_what_is_fetched_when_the_page_is_idle_is_one_file() -> None:
    maps = {name: json.loads(text) for name, text in make_bundle(ENTRY, modules()).files.items() if "map" in name}
    (parts,) = (set(one["sources"]) for one in maps.values() if "../js/ui/shell/commands.js" in one["sources"])
    assert {"../js/ui/views/search.js", "../js/ui/compose/writing.js", "../js/ui/dialogs/dialog.js"} <= parts
    assert not {"../js/client/store.js", "../js/ui/settings/preferences.js"} & parts


def test_a_bundle_is_the_same_wherever_it_is_made() -> None:
    """Several machines collect static files, and a page of one asks another for its scripts."""
    first, second = make_bundle(ENTRY, modules()), make_bundle(ENTRY, modules())
    assert first == second
    assert all(re.fullmatch(r"bundles/[a-z-]+(\.entry)?\.[0-9a-z]{8}\.js(\.map)?", name) for name in first.files)


def test_a_changed_module_changes_the_name_of_the_bundle() -> None:
    changed = modules()
    changed["js/files.js"] += b"\nconsole.log(1);\n"
    assert make_bundle("js/files.js", changed).entry != make_bundle("js/files.js", modules()).entry


def test_source_maps_show_the_modules_as_they_were_written(client: Client) -> None:
    main = staticfiles_storage.url(ENTRY)
    assert content(client, main).decode().rstrip().endswith(f"//# sourceMappingURL={Path(main).name}.map")
    sources = json.loads(content(client, f"{main}.map"))
    written = dict(zip(sources["sources"], sources["sourcesContent"], strict=True))
    assert written["../js/client/store.js"] == (SOURCES / "js/client/store.js").read_text()
    assert all(re.fullmatch(r"\.\./js/[\w/-]+\.js", source) for source in written)  # no path of this machine


def test_a_script_that_cannot_be_bundled_stops_the_collection() -> None:
    with pytest.raises(CommandError, match="no-such-module"):
        make_bundle("js/files.js", {"js/files.js": b'import "./no-such-module.js";'})


def test_style_sheets_are_served_without_comments_and_mean_the_same() -> None:
    sheet = b'/* why */\n.a,\n.b {\n  color: red;\n  content: "x,  y";\n  width: calc(1px + 2px);\n}\n'
    assert minified_style(sheet) == b'.a,.b{color:red;content:"x,  y";width:calc(1px + 2px)}'


def test_minified_styles_keep_what_stands_within_from_what_is() -> None:
    """`.a :is(b)` is a descendant of .a, `.a:is(b)` is .a itself."""
    sheet = b"@layer x {\n  .a :is(b, c),\n  .a:hover :focus > d :not(e)::after {\n    color: red;\n  }\n}\n"
    assert minified_style(sheet) == b"@layer x{.a *:is(b,c),.a:hover *:focus>d *:not(e)::after{color:red}}"


@pytest.mark.parametrize("path", sorted(Path("static/css").glob("*.css")), ids=lambda path: path.name)
def test_minified_styles_have_the_same_selectors(path: Path) -> None:
    sheet = path.read_text()
    within = len(re.findall(r"[\w\])*] :[a-z]", re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)))
    assert minified_style(sheet.encode()).decode().count(" *:") == within


def test_a_style_sheet_is_joined_with_those_that_it_imports() -> None:
    sheets = {
        "css/all.css": b'/* both */\n@import "a.css";\n@import "b.css";\n',
        "css/a.css": b"a {}",
        "css/b.css": b"b {}",
    }
    assert joined_style("css/all.css", sheets) == b"/* both */\na {}\nb {}\n"
    assert joined_style("css/a.css", sheets) == b"a {}"


def test_a_style_sheet_that_is_imported_has_to_be_there() -> None:
    with pytest.raises(CommandError, match=r"css/all\.css imports b\.css"):
        joined_style("css/all.css", {"css/all.css": b'@import "b.css";\n'})


@pytest.mark.parametrize("name", ["chat", "pages"])
def test_the_first_style_sheet_of_a_page_is_one_file(name: str, client: Client) -> None:
    (line, *_) = re.findall(r'@import "([^"]+)";', (SOURCES / f"css/{name}.css").read_text())
    assert line == "tokens.css"  # it declares the order of the layers
    served = content(client, staticfiles_storage.url(f"css/{name}.css"))
    assert b"@import" not in served and served.startswith(b"@layer reset,tokens,base,components,views,utilities;")


@pytest.mark.parametrize("name", [*fonts.CUTS, fonts.EMOJI])
def test_fonts_are_served_under_hashed_names(name: str, client: Client) -> None:
    assert content(client, staticfiles_storage.url(name)).startswith(b"wOF2")


def test_the_first_font_is_small() -> None:
    assert staticfiles_storage.size("fonts/inter-latin.woff2") < MOST_FONT


def test_the_style_sheet_has_the_ranges_that_the_fonts_are_cut_to() -> None:
    sheet = (SOURCES / "css/fonts.css").read_text()
    found = re.findall(r"(fonts/inter[\w-]+\.woff2).*?unicode-range:\s*([^;]+);", sheet, flags=re.DOTALL)
    assert {name: re.sub(r"\s", "", ranges) for name, ranges in found} == fonts.CUTS


def test_fonts_that_were_made_before_are_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make() -> dict[str, bytes]:
        made.append(fonts.fonts_version())
        return {fonts.EMOJI: b"wOF2"}

    monkeypatch.setattr(fonts, "make_fonts", make)
    storage = ManifestStorage(location=str(tmp_path), base_url="/static/")
    storage._write_fonts()
    storage._write_fonts()
    assert len(made) == 1
    monkeypatch.setattr(fonts, "WEIGHTS", (400, 600))
    storage._write_fonts()
    assert len(set(made)) == len(made) == 2
