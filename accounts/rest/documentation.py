"""The contract as documents: OpenAPI 3.1, and a page to try it.

The description is open to everybody and takes 70 ms of CPU to make, so each process makes it once.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import Any, Final

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import override
from django.views.decorators.http import condition, require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

# Swagger UI builds its page by string and styles it inline; on this one page, which shows no user's content, it may.
_LOOSER: Final = {"require-trusted-types-for": None, "style-src": ["'self'", "'unsafe-inline'"]}


@cache
def document() -> bytes:
    """The description as JSON. It is the same for every reader and every language."""
    with override("en"):
        made = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return bytes(OpenApiJsonRenderer().render(made))


@cache
def _etag() -> str:
    return f'"{blake2b(document(), digest_size=12).hexdigest()}"'


@require_safe
@condition(etag_func=lambda request: _etag())
def schema(request: HttpRequest) -> HttpResponse:
    accepts = request.headers.get("Accept", "")
    plain = OpenApiJsonRenderer2.media_type in accepts and OpenApiJsonRenderer.media_type not in accepts
    media_type = (OpenApiJsonRenderer2 if plain else OpenApiJsonRenderer).media_type
    return HttpResponse(document(), content_type=media_type, headers={"Vary": "Accept", "Cache-Control": "no-cache"})


@method_decorator(csp_replace(_LOOSER), name="dispatch")
class SchemaPage(SpectacularSwaggerSplitView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    template_name = "rest/docs.html"
    renderer_classes: Any = SpectacularSwaggerSplitView.renderer_classes
