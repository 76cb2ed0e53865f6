"""Two organizations with some weeks of history. Does nothing where there is an organization already."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import uuid5

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.actions.members import add_member
from accounts.actions.organizations import create_organization
from accounts.models import Member, Organization, User
from accounts.roles import Role
from accounts.tenancy import organization_scope
from chat.access import Access, find_conversation
from chat.actions.conversations import create_channel, start_direct
from chat.actions.mentions import write
from chat.client.ranges import close, union
from chat.models import Conversation, Message, Participant, Reaction

PASSWORD: Final = "parley-demo"  # noqa: S105  # published: production settings refuse these accounts

PEOPLE: Final = {
    "acme": [
        ("owner", "Olivia Hart", "Founder", Role.OWNER),
        ("moderator", "Marcus Lind", "Support lead", Role.MODERATOR),
        ("member", "Mei Tanaka", "Engineer", Role.MEMBER),
        ("guest", "Gabriel Ortiz", "Design partner", Role.GUEST),
    ],
    "globex": [
        ("owner", "Omar Haddad", "Managing director", Role.OWNER),
        ("moderator", "Martha Weiss", "Office manager", Role.MODERATOR),
        ("member", "Milan Novak", "Logistics", Role.MEMBER),
        ("guest", "Grace Okafor", "Auditor", Role.GUEST),
    ],
}
NAMES: Final = {"acme": "Acme", "globex": "Globex"}

# Who says it (by the first part of the address), what, who reacts; "> " in front makes it a reply to the last thread.
Line = tuple[str, str, str]
GENERAL: Final[list[Line]] = [
    ("owner", "Welcome to **{name}** on Parley. Everything that concerns all of us goes here.", "👋👋"),
    ("member", "Good morning! The build is green again after the certificate renewal.", "✅"),
    ("moderator", "Reminder: the office is closed on Friday. Support is covered by @member and me.", "👍👍"),
    (
        "owner",
        "Numbers for the quarter are in: **14 % up**, and churn is down for the third month in a row. Thank you all.",
        "🎉🎉🎉",
    ),
    ("member", "> That's the migration paying off. Fewer tickets about lost messages too.", ""),
    ("moderator", "> Zero since the 3rd, to be exact.", "💯"),
    ("owner", "Two people start on Monday. Please say hello, and show them #random.", "👋"),
    ("moderator", "The new expense form is live. Old ones are accepted until the end of the month.", ""),
    (
        "member",
        "Maintenance tonight at 22:00 UTC, about five minutes. You can keep writing; it is delivered afterwards.",
        "👍",
    ),
    ("member", "Maintenance is done. It took three minutes, nothing was lost.", "🚀🚀"),
    ("owner", "Town hall is on Thursday at 15:00. Questions, please, as replies here.", ""),
    ("moderator", "> Will we get the second monitor budget back?", "🙏"),
    ("owner", "> Yes, from next month.", "🎉"),
    ("moderator", "Customers ask about single sign-on. What do we answer?", ""),
    ("member", "> OIDC and SAML both work. I'll write it up today.", "👍"),
]
# A line a day from each of two people, between the rest.
DAYS: Final = [
    ("Looking into the slow export on Monday mornings.", "Answered the backlog from the weekend, 12 left."),
    ("Export found: an index was missing. Fix is in review.", "Queue is empty. First time since spring!"),
    ("Export fix is live: 40 s before, **0.8 s** now.", "Customer call with Initech at 11, notes will follow."),
    (
        "Pairing with #random's favourite chair on the audit report.",
        "Initech signs on Friday if the export is fixed. It is.",
    ),
    ("Audit report is done. Numbers match to the cent.", "Initech signed 🎉"),
    ("Upgrading the staging servers, expect hiccups until noon.", "Writing the help page about invitations."),
    ("Staging is up again, all checks pass.", "Help page is up: short, with pictures."),
    ("Started on the calendar integration.", "Two reports of mails in spam; asking for headers."),
    ("Calendar: reading works, writing tomorrow.", "It was a missing SPF record on their side. Closed."),
    ("Calendar: writing works too. Who wants to try it?", "I do! Booked myself into the wrong room twice already."),
    ("Fixed the wrong room. Sorry.", "Room is right now. Well done."),
    ("Reviewing the open pull requests, seven of them.", "Training for the two newcomers this afternoon."),
    ("All reviewed, four merged.", "They found three typos in the handbook. Good start."),
    ("Load test of the new search: 50 ms for a million messages.", "Preparing the numbers for the quarter."),
]
RANDOM: Final[list[Line]] = [
    ("member", "The coffee machine on the second floor is back from the dead ☕", "🎉🎉"),
    ("moderator", "To the baker of the very good cookies in the kitchen: thank you", "🍪"),
    ("owner", "Anyone up for a run at lunch?", "🏃"),
    ("member", "> Me, if it stops raining", ""),
    ("moderator", "TIL `git switch -` takes you back to the last branch, like `cd -`.", "🤯🤯"),
    ("member", "Book of the month: *Designing Data-Intensive Applications*. Again.", "📚"),
    ("owner", "Photos from the summer party are in the shared folder.", "😄"),
    ("moderator", "Is it just me or is the new chair in room 4 the best one?", ""),
    ("member", "> It is. Keep it to yourself.", "🤫"),
]
PRIVATE: Final[list[Line]] = [
    ("owner", "Let's keep the launch plan in here until it is public.", "👍"),
    (
        "member",
        """Draft of the release check:

```python
def ready(build: Build) -> bool:
    return build.tests_passed and build.signed and not build.blockers
```

Anything missing?""",
        "",
    ),
    ("moderator", "> A look at the support queue, please. We had 40 tickets on the day last time.", "👍"),
    ("owner", "1. Freeze on the 12th\n2. Release candidate on the 14th\n3. Launch on the 19th, *before* noon", "🚀"),
    ("moderator", "The help pages are updated, screenshots follow tomorrow.", "🙏"),
]
DIRECT: Final[list[Line]] = [
    ("owner", "Do you have ten minutes for the roadmap later?", ""),
    ("member", "Sure, after 14:00. I have the latency figures ready too.", "👍"),
    ("owner", "Perfect. Bring the graph with the two nodes.", ""),
    ("member", "Will do. Spoiler: p99 is 11 ms.", "🔥"),
]


class Command(BaseCommand):
    help = "Seed the demo organizations acme and globex. Does nothing where there is an organization already."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION or not settings.DEMO:
            raise CommandError("Demo accounts are for trying Parley out: unset PRODUCTION and DEMO=0 first.")
        if Organization.objects.exists():
            self.stdout.write("There is an organization already; nothing was seeded.")
            return
        with transaction.atomic():
            for slug in PEOPLE:
                _seed(slug)
        self.stdout.write("Seeded the demo organizations acme and globex.")


def _seed(slug: str) -> None:
    users = [_user(slug, part, name) for part, name, _, _ in PEOPLE[slug]]
    part, name, title, _ = PEOPLE[slug][0]
    owner = create_organization(users[0], name=NAMES[slug], slug=slug, handle=part, member_name=name)
    with organization_scope(owner.organization_id):
        Member.objects.filter(pk=owner.pk).update(title=title)
        cast = {part: owner}
        for user, (part, name, title, role) in zip(users[1:], PEOPLE[slug][1:], strict=True):
            cast[part] = add_member(owner.organization, user, role=role, handle=part, name=name)
            Member.objects.filter(pk=cast[part].pk).update(title=title)
        _write_history(slug, cast)


def _user(slug: str, part: str, name: str) -> User:
    user = User.objects.create_user(f"{part}@{slug}.example", PASSWORD, name=name)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def _write_history(slug: str, cast: dict[str, Member]) -> None:
    owner, everybody = cast["owner"], [cast[part].pk for part in ("moderator", "member")]
    general = Conversation.objects.get(name="general")
    random = Conversation.objects.get(name="random")
    private = create_channel(
        owner, kind="private", name="launch", topic="Everything about the 19th", members=[*everybody, cast["guest"].pk]
    )
    direct, _ = start_direct(owner, kind="direct", members=[cast["member"].pk])
    days = [(part, text, "") for day in DAYS for part, text in zip(("member", "moderator"), day, strict=True)]
    _write_messages(slug, general, [*GENERAL[:6], *days, *GENERAL[6:]], cast)
    _write_messages(slug, random, RANDOM, cast)
    _write_messages(slug, private, PRIVATE, cast)
    _write_messages(slug, direct, DIRECT, cast)


def _write_messages(slug: str, conversation: Conversation, lines: list[Line], cast: dict[str, Member]) -> None:
    """Three weeks of it, ending this morning; the same every time."""
    dice = Random(f"{slug} {conversation.name}")  # noqa: S311  # a plausible spread, no secret
    times = _times(dice, lines)
    thread: Message | None = None
    for seq, ((part, text, reactions), at) in enumerate(zip(lines, times, strict=True), start=1):
        reply = text.startswith("> ")
        author = cast[part]
        message = _message(find_conversation(author, conversation.pk), text, seq, at, thread if reply else None)
        if not reply:
            thread = message
        _react(message, reactions, [member for member in cast.values() if member != author])
    conversation.refresh_from_db()
    conversation.last_seq, conversation.last_message_at = len(times), times[-1]
    conversation.save(update_fields=["last_seq", "last_message_at"])
    _read(conversation)


def _read(conversation: Conversation) -> None:
    """Everybody has read all but the newest messages; what they wrote themselves they have read as well."""
    shown = max(0, conversation.last_seq - {"direct": 1, "public": 3, "private": 2}[conversation.kind])
    for participant in Participant.objects.filter(conversation=conversation):
        own = Message.objects.filter(conversation=conversation, author=participant.member_id)
        participant.read = union([[0, shown]], [[seq, seq] for seq in own.values_list("seq", flat=True)])
        participant.read_seq = close(shown, participant.read)
        participant.save(update_fields=["read", "read_seq"])


def _times(dice: Random, lines: list[Line]) -> list[datetime]:
    """Office hours of the last three weeks, ascending; what replies comes minutes after what it replies to."""
    today = timezone.now().replace(hour=9, minute=0, second=0, microsecond=0)
    if today > timezone.now():
        today -= timedelta(days=1)
    opening = [not text.startswith("> ") for _, text, _ in lines]
    slots = iter(sorted(dice.sample(range(10, 20 * 36), sum(opening) - 1)))  # a quarter of an hour each, 36 a day
    times: list[datetime] = []
    for number, opens in enumerate(opening):
        if any(opening[number + 1 :]) and opens:
            slot = next(slots)
            times.append(today + timedelta(days=slot // 36 - 21, minutes=15 * (slot % 36)))
        elif opens:
            times.append(today - timedelta(hours=16, minutes=dice.randrange(60)))
        else:
            times.append(times[-1] + timedelta(minutes=dice.randrange(1, 5), seconds=dice.randrange(60)))
    return times


def _message(access: Access, text: str, seq: int, at: datetime, thread: Message | None) -> Message:
    text = text.removeprefix("> ").replace("{name}", NAMES[access.member.organization.slug])
    written = write(access, text)
    message: Message = Message.objects.create(
        organization_id=access.member.organization_id,
        conversation=access.conversation,
        seq=seq,
        author=access.member,
        ref=uuid5(access.conversation.pk, str(seq)),
        text=text,
        html=written.html,
        thread=thread,
        thread_author=thread.author_id if thread else None,
        mentions=written.mentions,
        wide_mention=written.wide,
        created_at=at,
    )
    if thread is not None:
        thread.reply_count += 1
        thread.version += 1
        thread.save(update_fields=["reply_count", "version"])
    return message


def _react(message: Message, emojis: str, members: list[Member]) -> None:
    for number, emoji in enumerate(emojis):
        if emoji == "\ufe0f":
            continue
        Reaction.objects.get_or_create(
            organization_id=message.organization_id,
            message=message,
            member=members[number % len(members)],
            emoji=emoji,
        )
