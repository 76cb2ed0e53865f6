"""What the figures of the overview mean: whether somebody has to do something, and what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, Literal, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext, ngettext

LATE: Final = timedelta(minutes=2)  # a follower that is behind for longer has stopped, or cannot keep up
MANY_TASKS: Final = 1000  # in the queue: mail and clean-up wait for minutes


class Verdict(NamedTuple):
    """`level` is the colour of the light: green, amber or red."""

    level: Literal["good", "warn", "bad"]
    sentence: str


def verdicts(reports: Mapping[str, int], installation: Mapping[str, Any] | None) -> list[Verdict]:
    """Return what needs attention, the worst first; one good verdict if nothing does."""
    found = [*_reports(reports), *(_installation(installation) if installation else [])]
    found.sort(key=lambda verdict: verdict.level != "bad")
    if found:
        return found
    text = gettext("Everything works, and no report is open.") if installation else gettext("No report is open.")
    return [Verdict("good", text)]


def _reports(reports: Mapping[str, int]) -> Iterator[Verdict]:
    if count := reports.get("open", 0):
        text = ngettext("%(count)d report waits for a moderator.", "%(count)d reports wait for a moderator.", count)
        yield Verdict("warn", text % {"count": count})


def _installation(figures: Mapping[str, Any]) -> Iterator[Verdict]:
    if not figures["alive"]:
        yield Verdict("bad", gettext("No server process is running, so nobody receives messages live."))
    if figures["queue"] is None:
        yield Verdict("bad", gettext("Valkey does not respond. Messages are stored, and delivered by polling."))
    elif figures["queue"] > MANY_TASKS:
        yield Verdict("warn", gettext("%(count)d tasks wait for a worker.") % {"count": figures["queue"]})
    for follower, _rate in figures["followers"]:
        if follower.oldest and follower.oldest < timezone.now() - LATE:
            yield Verdict("warn", gettext("The follower “%(name)s” is behind.") % {"name": follower.name})
        if follower.set_aside:
            text = ngettext(
                "%(count)d event could not be handled.", "%(count)d events could not be handled.", follower.set_aside
            )
            yield Verdict("warn", text % {"count": follower.set_aside})
