"""The contract as documents: OpenAPI 3.1, and a page to try it."""

from __future__ import annotations

from typing import Any, Final

from csp.decorators import csp_replace
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

# Swagger UI builds its page by string and styles it inline; on this one page, which shows no user's content, it may.
_LOOSER: Final = {"require-trusted-types-for": None, "style-src": ["'self'", "'unsafe-inline'"]}


class SchemaView(SpectacularJSONAPIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


@method_decorator(csp_replace(_LOOSER), name="dispatch")
class SchemaPage(SpectacularSwaggerSplitView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    template_name = "chat/schema.html"
    renderer_classes: Any = SpectacularSwaggerSplitView.renderer_classes
