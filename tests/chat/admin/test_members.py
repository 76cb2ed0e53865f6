from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Member
from chat.actions.statuses import set_status
from chat.models import Sanction
from chat.models.statuses import Status
from tests.cast import make_member, scope_of
from tests.chat.admin.test_reports import act, fresh


def page(member: Member) -> str:
    return reverse("admin:accounts_member_change", args=[member.pk])


def test_a_mute_and_its_end(client_of, mona, bob):
    browser = client_of(mona)
    act(browser, bob, "mute", period="1h")
    assert fresh(bob).is_muted
    assert "Lift the mute" in browser.get(page(bob)).content.decode()
    act(browser, bob, "unmute", reason="enough")
    assert not fresh(bob).is_muted
    with scope_of(bob):
        actions = set(AuditEntry.objects.filter(target_id=str(bob.pk)).values_list("action", flat=True))
    assert any("mute" in action for action in actions)


@pytest.mark.parametrize("period", ["", "7d"])
def test_a_suspension_and_its_end(client_of, mona, bob, period):
    browser, theirs = client_of(mona), client_of(bob)
    assert theirs.get("/o/acme/").status_code == 200
    act(browser, bob, "suspend", period=period)
    assert fresh(bob).is_suspended
    assert (fresh(bob).suspended_until is None) == (period == "")
    assert theirs.get("/o/acme/").status_code in {302, 404}
    act(browser, bob, "unsuspend")
    assert fresh(bob).is_active


def test_a_period_that_is_none_is_refused(client_of, mona, bob):
    act(client_of(mona), bob, "mute", period="1000y")
    act(client_of(mona), bob, "mute", period="")
    assert not fresh(bob).is_muted


def test_sanctions_are_listed(client_of, mona, bob, charlie):
    act(client_of(mona), bob, "warn", reason="mind your language")
    address = reverse("admin:chat_sanction_changelist")
    assert "mind your language" in client_of(mona).get(address).content.decode()
    assert "mind your language" not in client_of(charlie).get(address).content.decode()


def test_the_page_of_a_member_shows_the_status_until_it_ends(client_of, mona, bob, charlie):
    with scope_of(bob):
        set_status(bob, text="In a meeting", emoji="📅", until=timezone.now() + timedelta(hours=1))
    assert "📅 In a meeting" in client_of(mona).get(page(bob)).content.decode()
    assert "In a meeting" not in client_of(charlie).get(page(bob)).content.decode()
    with scope_of(bob):
        Status.objects.update(until=timezone.now())
    assert "In a meeting" not in client_of(mona).get(page(bob)).content.decode()


def test_members_are_filtered_by_their_standing(client_of, mona, bob, gus, acme):
    browser = client_of(mona)
    act(browser, bob, "mute", period="1h")
    act(browser, gus, "suspend", period="")

    def found(standing: str) -> set[str]:
        text = browser.get(reverse("admin:accounts_member_changelist"), {"standing": standing}).content.decode()
        return {member.name for member in (bob, gus) if page(member) in text}

    assert found("muted") == {"Bob"}
    assert found("suspended") == {"Gus"}
    assert found("former") == set()
    assert found("active") == {"Bob"}


def test_charlie_sanctions_nobody_of_acme(client_of, charlie, bob):
    path = reverse("admin:accounts_member_act", args=[bob.pk, "suspend"])
    assert client_of(charlie).post(path, {"reason": "x", "period": ""}).status_code == 404
    assert fresh(bob).is_active
    with scope_of(bob):
        assert not Sanction.objects.exists()


def test_moderators_do_not_act_on_each_other(client_of, mona, acme):
    other = make_member(acme, "Morris", role="moderator")
    act(client_of(mona), other, "suspend", period="")
    assert fresh(other).is_active
