"""Acts on the pages of the admin site: buttons that ask for a reason and call an action of chat/actions.

An act is offered to members who have its right, on one object (`/act/<name>`) or on the selected rows of a list. Staff
of the installation are not members: they can see but not act, except where an act sets `by_staff`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import structlog
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from accounts.desk_scope import DeskRequest
from accounts.models import Member, User
from accounts.roles import Right
from chat.admin.pages import DeskAdmin
from chat.errors import Invalid, Refusal

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

BULK: Final = 200  # rows of one bulk act: each is a transaction, and the page waits for all of them
REASON: Final = _("Reason")
PERIODS: Final = (
    ("1h", _("1 hour")),
    ("1d", _("1 day")),
    ("7d", _("7 days")),
    ("30d", _("30 days")),
    ("", _("until lifted")),
)
LENGTHS: Final = {
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}

Perform = Callable[[Any, Any, Mapping[str, Any]], Any]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Act:
    """`perform(actor, object, values)`: values are those of `fields`, and `reason` unless `silent`."""

    name: str
    label: StrOrPromise
    done: StrOrPromise
    perform: Perform
    right: Right = Right.MODERATE
    offered: Callable[[Any], bool] = lambda _: True
    fields: Mapping[str, forms.Field] | None = None
    hint: StrOrPromise = ""
    key: str = ""  # the key that opens it on its page
    tone: str = ""  # "danger", "main"
    bulk: bool = False
    silent: bool = False  # harmless: asks for no reason
    by_staff: bool = False
    reason: StrOrPromise = REASON


def period_field(choices: Sequence[tuple[str, StrOrPromise]]) -> forms.Field:
    """One of PERIODS; the open one is the empty choice."""
    return forms.ChoiceField(choices=choices, required="" not in dict(choices), initial="1d", label=_("For"))


def end_of(period: str) -> datetime | None:
    """When a period chosen now ends; None for the open one."""
    return timezone.now() + LENGTHS[period] if period else None


class ActForm(forms.Form):
    """The fields of an act, and its reason."""

    def __init__(self, act: Act, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "auto_id": f"act-{act.name}-%s"})
        self.fields |= deepcopy(dict(act.fields or {}))
        if not act.silent:
            area = forms.Textarea(attrs={"rows": 2, "dir": "auto"})
            self.fields["reason"] = forms.CharField(max_length=500, label=act.reason, widget=area)


@dataclass(frozen=True)
class Offer:
    """An act as a page shows it: with its form and where that goes."""

    act: Act
    form: ActForm
    address: str


class ActingAdmin(DeskAdmin):
    """A DeskAdmin with acts. What an object may be subjected to is decided again by the action itself."""

    acts: ClassVar[Sequence[Act]] = ()
    change_form_outer_before_template = "admin/chat/acts.html"

    def actor(self, request: HttpRequest, act: Act) -> Member | User | None:
        """Who would act, None for whom it is not offered."""
        desk = cast(DeskRequest, request)
        if desk.member is not None and desk.member.may(act.right):
            return desk.member
        return desk.user if act.by_staff and desk.user.is_staff else None

    def offers(self, request: HttpRequest, found: Model) -> list[Offer]:
        return [
            Offer(act, ActForm(act), self.address(found, act))
            for act in self.acts
            if self.actor(request, act) is not None and act.offered(found)
        ]

    def address(self, found: Model, act: Act) -> str:
        return reverse(f"admin:{self._name('act')}", args=[found.pk, act.name])

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        offers = self.offers(request, found) if found is not None else []
        context = {"offers": offers, **(extra_context or {})}
        return cast(HttpResponse, super().change_view(request, object_id, form_url, context))

    # --- One object ---------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        act = path(
            "<path:object_id>/act/<slug:name>", self.admin_site.admin_view(self.act_view), name=self._name("act")
        )
        return [act, *super().get_urls()]

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Do it and go back to where the button was. A refusal is said there."""
        act = next((act for act in self.acts if act.name == name), None)
        found = self.get_object(request, object_id)
        if act is None or found is None:
            raise Http404
        actor = self.actor(request, act)
        if actor is None or request.method != "POST":
            raise PermissionDenied
        form = ActForm(act, request.POST)
        if not form.is_valid():
            messages.error(request, _sentences(form.errors))
        else:
            self._try(request, act, actor, found, form.cleaned_data)
        return redirect(self._way_back(request, found))

    def _try(self, request: HttpRequest, act: Act, actor: Any, found: Model, values: Mapping[str, Any]) -> None:
        refused = _outcome(act, actor, found, values)
        if refused:
            messages.error(request, refused)
        else:
            messages.success(request, act.done)

    def _way_back(self, request: HttpRequest, found: Model) -> str:
        wanted = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith(reverse("admin:index")):
            return wanted
        if self.get_queryset(request).filter(pk=found.pk).exists():
            return reverse(f"admin:{self._name('change')}", args=[found.pk])
        return reverse(f"admin:{self._name('changelist')}")

    def _name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    # --- Rows of a list -----------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The list's menu: the bulk acts that are offered to this person. Django's own deletion is none of them."""
        bulk = [act for act in self.acts if act.bulk and self.actor(request, act) is not None]
        return {act.name: (_bulk(act), act.name, act.label) for act in bulk}

    def bulk_view(self, request: HttpRequest, act: Act, rows: QuerySet[Any]) -> HttpResponse | None:
        """Ask for the reason; with it, act on each row by itself and say what became of them."""
        actor = self.actor(request, act)
        if actor is None:
            raise PermissionDenied
        chosen = list(rows[: BULK + 1])
        if len(chosen) > BULK:
            messages.error(request, gettext("Choose at most %(count)d at once.") % {"count": BULK})
            return None
        form = ActForm(act, request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            context = {**self.admin_site.each_context(request), "act": act, "form": form, "chosen": chosen}
            context |= {"title": act.label, "opts": self.opts, "media": self.media}
            return TemplateResponse(request, "admin/chat/bulk.html", context)
        refused = [_outcome(act, actor, found, form.cleaned_data) for found in chosen]
        done = sum(sentence == "" for sentence in refused)
        if done:
            messages.success(request, f"{act.done} ({done})")
        for sentence in dict.fromkeys(filter(None, refused)):
            messages.error(request, f"{sentence} ({refused.count(sentence)})")
        return None


def _bulk(act: Act) -> Callable[..., Any]:
    def run(admin: ActingAdmin, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return admin.bulk_view(request, act, rows)

    return run


def _outcome(act: Act, actor: Any, found: Model, values: Mapping[str, Any]) -> str:
    """Empty when it was done, else why not."""
    try:
        act.perform(actor, found, values)
    except Refusal as refusal:
        return _sentence(refusal)
    except RedisError as error:
        log.warning("act_unavailable", act=act.name, reason=repr(error))
        return gettext("Valkey does not respond, so nothing was changed. Try again in a moment.")
    return ""


def _sentence(refusal: Refusal) -> str:
    return _sentences(refusal.errors) or refusal.detail if isinstance(refusal, Invalid) else refusal.detail


def _sentences(errors: Mapping[str, Any]) -> str:
    return " ".join(str(sentence) for sentences in errors.values() for sentence in sentences)
