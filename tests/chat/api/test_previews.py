from __future__ import annotations

import json

from django.conf import settings

from accounts.models import Member
from accounts.tenancy import every_organization
from chat.models import Event, Message
from tests.chat.api.conftest import code_of


def test_a_preview_is_what_the_message_will_be_and_leaves_nothing_behind(api_of, alice: Member, bob: Member) -> None:
    api = api_of(alice)
    channel = api.channel(members=[bob.pk])
    with every_organization():
        before = (Message.objects.count(), Event.objects.count())
    text = "Hello @bob, **read** #town\n```python\nx = 1\n```\n<script>alert(1)</script>"
    answer = api("POST", f"conversations/{channel['id']}/preview", {"text": text})
    assert answer.status_code == 200
    html = json.loads(answer.content)["html"]
    with every_organization():
        assert (Message.objects.count(), Event.objects.count()) == before
    assert f'data-member="{bob.pk}"' in html
    assert "<script" not in html
    assert html == api.say(channel, text)["html"]


def test_a_preview_takes_what_a_message_takes(api_of, alice: Member, settings) -> None:
    api = api_of(alice)
    path = f"conversations/{api.channel()['id']}/preview"
    for text in ("", " \n ", "x" * (settings.MESSAGE_LENGTH + 1)):
        assert code_of(api("POST", path, {"text": text})) == (422, "invalid")
    assert code_of(api("POST", path, {"text": 7})) == (422, "invalid")


def test_previews_are_counted(api_of, alice: Member) -> None:
    api = api_of(alice)
    path = f"conversations/{api.channel()['id']}/preview"
    statuses = {api("POST", path, {"text": "again"}).status_code for _ in range(settings.PREVIEW_RATE)}
    assert 200 in statuses
    # The window may have turned once meanwhile; it cannot turn twice.
    while (answer := api("POST", path, {"text": "again"})).status_code == 200:
        continue
    assert code_of(answer) == (429, "throttled")
    assert int(answer["Retry-After"]) > 0


def test_charlie_previews_nothing_of_acme(api_of, alice: Member, charlie: Member) -> None:
    channel = api_of(alice).channel()
    path = f"conversations/{channel['id']}/preview"
    assert code_of(api_of(charlie)("POST", path, {"text": "#town"})) == (404, "not_found")
    assert code_of(api_of(charlie, "acme")("POST", path, {"text": "#town"})) == (404, "not_found")
