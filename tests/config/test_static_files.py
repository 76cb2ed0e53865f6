"""Hashed names and the import map."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client
from django.test.utils import override_settings

from config import static_files
from config.static_files import ManifestStorage, minified, minified_style, module_map
from tests.js.test_node import NODE, TIMEOUT

SOURCES = Path(settings.BASE_DIR) / "static"


PARSE = """
const { readFileSync } = require("fs");
const { SourceTextModule } = require("vm");
for (const identifier of process.argv.slice(1)) new SourceTextModule(readFileSync(identifier, "utf8"), { identifier });
"""


def render() -> str:
    request = HttpRequest()
    request.csp_nonce = "n0nce"  # type: ignore[attr-defined]
    return Template("{% load assets %}{% import_map %}").render(Context({"request": request}))


def imports(script: str) -> dict[str, str]:
    (content,) = re.findall(r'<script type="importmap" nonce="n0nce">(.*)</script>', script)
    return dict(json.loads(content)["imports"])


def test_every_module_of_ours_is_in_the_map_under_the_name_that_imports_resolve_to() -> None:
    modules = {f"/static/{path.relative_to(SOURCES).as_posix()}" for path in (SOURCES / "js").rglob("*.js")}
    assert set(imports(render())) == modules


def test_hashed_names_lead_to_the_same_content(client: Client) -> None:
    for plain, hashed in imports(render()).items():
        assert re.fullmatch(re.escape(plain.removesuffix(".js")) + r"\.[0-9a-f]{12}\.js", hashed)
        answer = client.get(hashed)
        assert answer["Cache-Control"] == "max-age=315360000, public, immutable"
        source = (SOURCES / plain.removeprefix("/static/")).read_bytes()
        assert b"".join(answer.streaming_content) == minified(source)  # type: ignore[attr-defined]


def test_minified_modules_are_smaller_and_still_scripts(tmp_path: Path) -> None:
    for source in (SOURCES / "js").rglob("*.js"):
        small = tmp_path / f"{source.parent.name}-{source.stem}.mjs"
        small.write_bytes(minified(source.read_bytes()))
        assert 0 < small.stat().st_size < source.stat().st_size or source.name == "types.js"
    files = [str(file) for file in sorted(tmp_path.iterdir())]
    command = [str(NODE), "--experimental-vm-modules", "--no-warnings", "-e", PARSE, *files]
    run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert run.returncode == 0, run.stderr


def test_without_hashing_imports_resolve_by_themselves() -> None:
    plain = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override_settings(STORAGES=plain):
        assert imports(render()) == {}


def test_a_name_cannot_end_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    evil = {"/static/js/</script><script>alert(1)//.js": "/static/js/<!--.js"}
    monkeypatch.setattr("config.templatetags.assets.module_map", lambda: evil)
    rendered = render()
    assert rendered.count("<script") == rendered.count("</script") == 1
    assert imports(rendered) == evil


def test_only_modules_of_ours_are_mapped(tmp_path: Path) -> None:
    storage = ManifestStorage(location=str(tmp_path), base_url="/static/")
    storage.hashed_files = {
        "js/client/socket.js": "js/client/socket.0123456789ab.js",
        "js/types.json": "js/types.0123456789ab.json",
        "admin/js/core.js": "admin/js/core.0123456789ab.js",
    }
    assert storage.modules == {"/static/js/client/socket.js": "/static/js/client/socket.0123456789ab.js"}


def test_tests_run_on_hashed_names() -> None:
    assert isinstance(staticfiles_storage, ManifestStorage)
    assert module_map() == static_files.module_map()


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
