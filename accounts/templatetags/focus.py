"""Where one begins to type."""

from __future__ import annotations

from typing import Final

from django import forms, template
from django.forms.boundfield import BoundField

register = template.Library()

NOTICE: Final = "form-notice"  # the id of what is wrong with a form as a whole


@register.simple_tag
def focus(form: forms.BaseForm, *, first: bool = False) -> str:
    """Give the focus to the first field that was refused; else, with `first` or when something is wrong with all of it,
    to the first that is empty. Said with it is what is wrong: a page that has just come up announces nothing by itself.
    """
    fields = [field for field in form.visible_fields() if not field.field.widget.attrs.get("readonly")]
    chosen = next((field for field in fields if field.errors), None)
    if chosen is None and (first or form.non_field_errors()):
        chosen = next((field for field in fields if _is_empty(field)), None)
    if chosen is not None:
        if form.non_field_errors():
            described = f"{NOTICE} {chosen.aria_describedby or ''}".strip()
            chosen.field.widget.attrs["aria-describedby"] = described
        chosen.field.widget.attrs["autofocus"] = True
    return ""


def _is_empty(field: BoundField) -> bool:
    """As the browser will show it: what was typed as a password is not sent back."""
    widget = field.field.widget
    if isinstance(widget, forms.PasswordInput):
        return not (widget.render_value and field.value())
    return getattr(widget, "input_type", "") in {"text", "email"} and not field.value()
