from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from accounts.actions import accept_invitation, invite_member
from accounts.actions.invitations import MOST_USES, invitation_state
from accounts.models import Invitation
from chat.actions.conversations import create_channel
from chat.models import Participant
from tests.cast import make_user, scope_of

ADDRESS = "/o/acme/api/v1/invitations"


def post(browser: Any, body: dict[str, Any], address: str = ADDRESS) -> Any:
    return browser.post(address, body, content_type="application/json")


def secret_of(link: str) -> str:
    return link.rpartition("/join/")[2]


@pytest.fixture
def planning(alice):
    with scope_of(alice):
        return create_channel(alice, kind="private", name="planning")


def test_a_link_for_several_people_leads_into_its_channels(alice, planning, client_of):
    body = {"role": "guest", "uses": 3, "days": 2, "channels": [str(planning.pk)]}
    answer = post(client_of(alice), body)
    assert answer.status_code == 201
    (made,) = answer.json()["results"]
    assert (made["email"], made["mailed"], made["reason"]) == ("", False, "")
    assert (made["invitation"]["uses"], made["invitation"]["most_uses"]) == (0, 3)
    guest = accept_invitation(make_user("dora@acme.test"), secret_of(made["link"]))
    with scope_of(alice):
        assert Participant.objects.filter(member=guest, conversation=planning.pk, left_at=None).exists()
    (listed,) = client_of(alice).get(ADDRESS).json()["results"]
    assert (listed["id"], listed["uses"]) == (made["invitation"]["id"], 1)
    assert "link" not in listed


def test_several_addresses_are_judged_one_by_one(alice, bob, client_of, settings):
    settings.MAIL_SERVER = True
    answer = post(client_of(alice), {"emails": ["dora@acme.test", "nobody", bob.user.email]})
    results = answer.json()["results"]
    assert [(each["mailed"], each["link"], bool(each["reason"])) for each in results] == [
        (True, None, False),
        (False, None, True),
        (False, None, True),
    ]


def test_without_a_mail_server_links_are_returned(alice, client_of, settings):
    settings.MAIL_SERVER = False
    (made,) = post(client_of(alice), {"emails": ["dora@acme.test"]}).json()["results"]
    assert (made["mailed"], made["link"].startswith("http")) == (False, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"uses": 0},
        {"uses": MOST_USES + 1},
        {"uses": 2, "role": "admin"},
        {"days": 91},
        {"role": "emperor"},
        {"channels": [str(uuid4())]},
        {"channels": "general"},
        {"emails": [" "]},
        {"emails": ["a@b.test"] * 51},
    ],
)
def test_bad_values_are_refused_and_leave_nothing(alice, client_of, wrong):
    answer = post(client_of(alice), wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    with scope_of(alice):
        assert not Invitation.objects.exists()


def test_only_admins_invite_and_nobody_above_themselves(alice, adam, mona, bob, charlie, client_of):
    expected = {alice: 201, adam: 201, mona: 403, bob: 403, charlie: 404}
    assert {member: post(client_of(member), {"role": "member"}).status_code for member in expected} == expected
    assert post(client_of(adam), {"emails": ["dora@acme.test"], "role": "owner"}).status_code == 403
    assert {member: client_of(member).get(ADDRESS).status_code for member in (adam, mona, charlie)} == {
        adam: 200,
        mona: 403,
        charlie: 404,
    }


def test_a_channel_of_another_organization_is_none(alice, charlie, client_of):
    with scope_of(charlie):
        theirs = create_channel(charlie, kind="public", name="theirs")
    assert post(client_of(alice), {"channels": [str(theirs.pk)]}).status_code == 422


def test_a_channel_that_was_archived_meanwhile_is_left_out(alice, planning, client_of):
    (made,) = post(client_of(alice), {"channels": [str(planning.pk)]}).json()["results"]
    with scope_of(alice):
        type(planning).objects.filter(pk=planning.pk).update(archived_at=planning.created_at)
    member = accept_invitation(make_user("dora@acme.test"), secret_of(made["link"]))
    with scope_of(alice):
        assert not Participant.objects.filter(member=member, conversation=planning.pk).exists()


def test_a_new_link_ends_the_old_one_and_revoking_ends_both(alice, bob, charlie, client_of):
    with scope_of(alice):
        invitation, secret = invite_member(alice)
    one = f"{ADDRESS}/{invitation.pk}"
    assert client_of(charlie).post(f"{one}/link").status_code == 404
    assert client_of(bob).post(f"{one}/link").status_code == 404
    browser = client_of(alice)
    link = browser.post(f"{one}/link").json()["link"]
    assert secret_of(link) != secret
    assert browser.get(f"/join/{secret}").status_code == 404
    assert client_of(charlie).delete(one).status_code == 404
    assert browser.delete(one).status_code == 204
    assert browser.delete(one).status_code == 409
    assert browser.post(f"{one}/link").status_code == 409
    with scope_of(alice):
        assert invitation_state(Invitation.objects.get(pk=invitation.pk)) == "revoked"
