from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.test import Client

from accounts import audit
from accounts.actions import deactivate_member, invite_member
from accounts.models import ApiToken, Invitation, Member
from accounts.roles import Role
from accounts.tenancy import member_of
from accounts.tokens import find_token, issue_token
from tests.accounts.conftest import audit_log
from tests.cast import PASSWORD, scope_of

PAGES = ["members", "invitations", "settings", "audit"]


def fresh(member: Member) -> Member:
    with scope_of(member):
        return Member.objects.get(pk=member.pk)


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_for_admins(alice, adam, mona, bob, gus, charlie, client_of, page):
    address = f"/o/acme/manage/{page}"
    expected = {alice: 200, adam: 200, mona: 403, bob: 403, gus: 403, charlie: 404}
    assert {member: client_of(member).get(address).status_code for member in expected} == expected
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize("page", PAGES)
def test_pages_hold_no_inline_script_or_style(alice, bob, client_of, page):
    text = client_of(alice).get(f"/o/acme/manage/{page}").content.decode()
    assert "<h1" in text
    assert not re.search(r"\s(style|on\w+)=", text)
    assert text.count("<script") == text.count("<script nonce=")


def test_links_are_shown_to_those_who_may_use_them(alice, bob, client_of):
    assert "/o/acme/manage/members" in client_of(alice).get("/o/acme/profile").content.decode()
    assert "/o/acme/manage" not in client_of(bob).get("/o/acme/profile").content.decode()


def test_the_list_shows_everybody_of_this_organization(alice, bob, charlie, client_of):
    with scope_of(alice):
        deactivate_member(alice, bob)
    text = client_of(alice).get("/o/acme/manage/members").content.decode()
    assert "bob@acme.test" in text
    assert "Deactivated" in text
    assert "charlie@globex.test" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [("BOB", True), ("bob@", True), ("acme.test bob", True), ("alice", False), ("%", False)],
)
def test_members_are_found_by_name_and_address(alice, bob, client_of, query, found):
    text = client_of(alice).get("/o/acme/manage/members", {"q": query}).content.decode()
    assert ("bob@acme.test" in text) is found


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", ""])
def test_nonsense_pages_are_the_nearest(alice, client_of, page):
    assert client_of(alice).get("/o/acme/manage/members", {"page": page}).status_code == 200


def test_changing_a_role(adam, bob, client_of):
    browser = client_of(adam)
    page = browser.post(f"/o/acme/manage/members/{bob.pk}/role", {"role": "moderator"}, follow=True)
    assert "Bob was changed." in page.content.decode()
    assert fresh(bob).role == Role.MODERATOR
    assert browser.post(f"/o/acme/manage/members/{bob.pk}/role", {"role": "owner"}).status_code == 403
    page = browser.post(f"/o/acme/manage/members/{bob.pk}/role", {"role": "emperor"}, follow=True)
    assert "There is no such role." in page.content.decode()
    assert fresh(bob).role == Role.MODERATOR


def test_the_last_owner_sees_why(alice, client_of):
    page = client_of(alice).post(f"/o/acme/manage/members/{alice.pk}/role", {"role": "member"}, follow=True)
    assert "An organization needs an owner." in page.content.decode()


def test_deactivating_and_letting_back_in(alice, bob, client_of):
    browser, bobs = client_of(alice), client_of(bob)
    browser.post(f"/o/acme/manage/members/{bob.pk}/deactivate", {"reason": "left"})
    assert bobs.get("/o/acme/profile").status_code == 302
    assert audit_log("member.deactivated")[0].reason == "left"
    browser.post(f"/o/acme/manage/members/{bob.pk}/reactivate")
    assert member_of(bob.user, "acme") is not None


def test_leaving(alice, bob, client_of):
    assert client_of(bob).post("/o/acme/leave").headers["Location"] == "/"
    assert member_of(bob.user, "acme") is None
    page = client_of(alice).post("/o/acme/leave", follow=True)
    assert "An organization needs an owner." in page.content.decode()
    assert member_of(alice.user, "acme") is not None


@pytest.mark.parametrize("what", ["role", "deactivate", "reactivate"])
def test_nobody_is_reached_across_the_border(alice, bob, charlie, client_of, what):
    """Neither by Charlie at Acme's address, nor by Alice with the id of somebody who is not Acme's."""
    assert client_of(charlie).post(f"/o/acme/manage/members/{bob.pk}/{what}", {"role": "guest"}).status_code == 404
    assert client_of(charlie).post(f"/o/globex/manage/members/{bob.pk}/{what}", {"role": "guest"}).status_code == 404
    assert client_of(alice).post(f"/o/acme/manage/members/{charlie.pk}/{what}", {"role": "guest"}).status_code == 404
    assert client_of(alice).post(f"/o/acme/manage/members/{uuid4()}/{what}", {"role": "guest"}).status_code == 404
    assert (fresh(bob).version, fresh(charlie).version) == (1, 1)


def test_inviting_by_mail_and_by_link(adam, client_of, settings):
    settings.MAIL_SERVER = True
    browser = client_of(adam)
    page = browser.post("/o/acme/manage/invitations", {"email": "dora@acme.test", "role": "member"}, follow=True)
    text = page.content.decode()
    assert "We have sent an invitation to dora@acme.test." in text
    assert "/join/" not in text  # shown to nobody but whom it is mailed to
    page = browser.post("/o/acme/manage/invitations", {"email": "", "role": "guest"})
    link = re.search(r"http://testserver(/join/[\w-]+)", page.content.decode())[1]
    assert "no-store" in page.headers["Cache-Control"]
    assert "/join/" not in browser.get("/o/acme/manage/invitations").content.decode()
    assert "Join Acme" in Client().get(link).content.decode()


@pytest.mark.parametrize(
    ("email", "role"), [("nobody", "member"), ("dora@acme.test", "owner"), ("dora@acme.test", "x")]
)
def test_impossible_invitations_are_refused(adam, client_of, email, role):
    page = client_of(adam).post("/o/acme/manage/invitations", {"email": email, "role": role})
    assert page.context["form"].errors
    with scope_of(adam):
        assert not Invitation.objects.exists()


def test_withdrawing_an_invitation(adam, charlie, client_of):
    with scope_of(adam):
        invitation, secret = invite_member(adam)
    address = f"manage/invitations/{invitation.pk}/revoke"
    assert client_of(charlie).post(f"/o/acme/{address}").status_code == 404
    assert client_of(charlie).post(f"/o/globex/{address}").status_code == 404
    assert Client().get(f"/join/{secret}").status_code == 200
    browser = client_of(adam)
    assert "withdrawn" in browser.post(f"/o/acme/{address}", follow=True).content.decode()
    assert Client().get(f"/join/{secret}").status_code == 410
    assert "no longer open" in browser.post(f"/o/acme/{address}", follow=True).content.decode()


def test_settings(alice, acme, client_of):
    browser = client_of(alice)
    page = browser.post("/o/acme/manage/settings", {"name": "Acme Ltd", "description": "", "edit_window": "60"})
    assert page.headers["Location"] == "/o/acme/manage/settings"
    acme.refresh_from_db()
    assert (acme.name, acme.edit_window) == ("Acme Ltd", 60)
    page = browser.post("/o/acme/manage/settings", {"name": "", "edit_window": "-1"})
    assert set(page.context["form"].errors) == {"name", "edit_window"}


def test_profile(bob, alice, client_of):
    browser = client_of(bob)
    browser.post("/o/acme/profile", {"name": "Bobby", "handle": "bobby", "title": "Support"})
    assert (fresh(bob).name, fresh(bob).handle, fresh(bob).title) == ("Bobby", "bobby", "Support")
    page = browser.post("/o/acme/profile", {"name": "Bobby", "handle": "alice", "title": ""})
    assert page.context["form"].errors == {"handle": ["This handle is taken."]}


def test_the_audit_log_is_that_of_the_organization(alice, bob, charlie, client_of):
    with scope_of(alice):
        deactivate_member(alice, bob, reason="<b>left</b>")
    with scope_of(charlie):
        invite_member(charlie, email="secret@globex.test")
    with scope_of(alice):
        audit.record("form.changed", actor=alice, before={"email": "", "was_open": True}, after={"roles": ["a", "b"]})
    text = client_of(alice).get("/o/acme/manage/audit").content.decode()
    assert "<strong><bdi>Alice</bdi></strong> deactivated <bdi>Bob</bdi>" in text
    assert "&lt;b&gt;left&lt;/b&gt;" in text
    assert "secret@globex.test" not in text
    assert "Was open:" in text  # in words, and nothing of what was empty before and after
    assert '<del dir="auto">yes</del>' in text
    assert '<ins dir="auto">a, b</ins>' in text
    assert "Email:" not in text
    assert "secret@globex.test" in client_of(charlie).get("/o/globex/manage/audit").content.decode()


def test_tokens_are_shown_once(bob, charlie, client_of):
    browser = client_of(bob)
    asked = browser.post("/accounts/tokens", {"label": "my script"})
    assert asked.headers["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2Ftokens"
    assert not ApiToken.objects.exists()
    page = browser.post(asked.headers["Location"], {"password": PASSWORD})  # goes on with what was sent before
    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    token = find_token(secret)
    assert (token.user, token.label) == (bob.user, "my script")
    text = browser.get("/accounts/tokens").content.decode()
    assert "my script" in text
    assert secret not in text
    assert "my script" not in client_of(charlie).get("/accounts/tokens").content.decode()
    assert client_of(charlie).post(f"/accounts/tokens/{token.pk}/revoke").status_code == 404
    browser.post(f"/accounts/tokens/{token.pk}/revoke")
    assert not ApiToken.objects.exists()


def test_sessions_are_listed_and_ended_one_by_one(bob, charlie, client_of):
    here, there = client_of(bob), client_of(bob)
    page = here.get("/accounts/sessions/")
    other = next(
        session for session, _browser in page.context["rows"] if session.session_key == there.session.session_key
    )
    assert len(page.context["rows"]) == 2
    assert client_of(charlie).post(f"/accounts/sessions/{other.pk}/end").status_code == 404
    here.post(f"/accounts/sessions/{other.pk}/end")
    assert there.get("/o/acme/profile").status_code == 302
    assert here.get("/o/acme/profile").status_code == 200


def test_signing_out_everywhere(bob, client_of):
    here, there = client_of(bob), client_of(bob)
    _token, secret = issue_token(bob.user, label="phone")
    page = here.post("/accounts/sessions/end", follow=True)
    assert "signed out everywhere" in page.content.decode()
    assert here.get("/o/acme/profile").status_code == there.get("/o/acme/profile").status_code == 302
    assert find_token(secret) is None


@pytest.mark.parametrize("address", ["/accounts/sessions/end", "/accounts/sessions/1/end", "/o/acme/leave"])
def test_changes_need_a_post_and_its_csrf_token(bob, client_of, address):
    assert client_of(bob).get(address).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(bob.user)
    assert strict.post(address).status_code == 403


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"role": "guest"}, ["Gus"]),
        ({"state": "former"}, ["Bob"]),
        ({"state": "active", "role": "member"}, []),
        ({"role": "emperor", "state": "nonsense"}, ["Alice", "Gus", "Bob"]),
    ],
)
def test_members_are_found_by_role_and_state(alice, bob, gus, client_of, query, names):
    with scope_of(alice):
        deactivate_member(alice, bob)
    page = client_of(alice).get("/o/acme/manage/members", query)
    assert [row["member"].name for row in page.context["rows"]] == names


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "deactivated"}, True),
        ({"q": "role_changed"}, False),
        ({"by": "ALI"}, True),
        ({"by": "bob"}, False),
        ({"since": "2000-01-01", "until": "2100-01-01"}, True),
        ({"until": "2000-01-01"}, False),
        ({"since": "yesterday", "by": ""}, True),
    ],
)
def test_the_log_is_narrowed(alice, bob, client_of, query, found):
    with scope_of(alice):
        deactivate_member(alice, bob, reason="left us")
    assert ("left us" in client_of(alice).get("/o/acme/manage/audit", query).content.decode()) is found
