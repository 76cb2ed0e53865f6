"""Template tags for static assets."""

from __future__ import annotations

import json

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from config.static_files import module_map

register = template.Library()

# A "</script>" or "<!--" in a name must not end the element.
SCRIPT_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@register.simple_tag(takes_context=True)
def import_map(context: Context) -> SafeString:
    """Print `<script type="importmap">` from unhashed to hashed module names.

    Goes before the first module script of the page, after which browsers take no map. Without hashed names it is empty.
    """
    imports = json.dumps({"imports": module_map()}, separators=(",", ":")).translate(SCRIPT_ESCAPES)
    nonce = context["request"].csp_nonce
    return format_html('<script type="importmap" nonce="{}">{}</script>', nonce, mark_safe(imports))  # noqa: S308  (escaped above)
