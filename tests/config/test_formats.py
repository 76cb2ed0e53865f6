from __future__ import annotations

from datetime import datetime

from django.utils.formats import localize


def test_times_are_written_as_in_the_page() -> None:
    """24 hours, and the day before the month: the desk and the account pages agree with the chat."""
    assert localize(datetime(2026, 12, 7, 17, 31)) == "7 Dec 2026, 17:31"  # noqa: DTZ001  # as it is written, without a zone
    assert localize(datetime(2026, 12, 7, 17, 31).date()) == "7 Dec 2026"  # noqa: DTZ001
