"""What the forms share: labels and help of our own on allauth's forms, and refusals shown at their fields."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.errors import Conflict, Invalid, Refusal

PASSWORD_HELP: Final = _("At least 10 characters, and not easy to guess.")


class WrittenText(forms.CharField):
    """A field for text that people write. The text decides in which direction it runs."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "dir": "auto"}


class InOurWords:
    """One of allauth's forms, worded as the rest of the product: labels and help by the names of fields."""

    labels: ClassVar[dict[str, Any]] = {}
    helps: ClassVar[dict[str, Any]] = {}
    attributes: ClassVar[dict[str, dict[str, str]]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # type: ignore[attr-defined]
            field.widget.attrs.pop("placeholder", None)  # every field has a label; two of them are noise
            field.widget.attrs.update(self.attributes.get(name, {}))
            field.label = self.labels.get(name, field.label)
            field.help_text = self.helps.get(name, field.help_text)


def add_refusal(form: forms.BaseForm, refusal: Refusal, *, field: str | None = None) -> None:
    """Show why an action refused: at its fields when the input was invalid, at `field` when something is taken."""
    errors = refusal.errors if isinstance(refusal, Invalid) else {}
    for name, sentences in errors.items():
        form.add_error(name if name in form.fields else None, sentences)
    if not errors:
        form.add_error(field if isinstance(refusal, Conflict) else None, refusal.detail)
