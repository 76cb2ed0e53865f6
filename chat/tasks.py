"""Periodic work of the chat, each task a shell around one action. CELERY_BEAT_SCHEDULE says how often."""

from __future__ import annotations

from celery import shared_task

from accounts.tenancy import every_organization
from chat.actions.purge import PURGES
from chat.actions.report_mail import mail_open_reports
from chat.actions.sanctions import end_expired_suspensions
from chat.actions.statuses import clear_expired_statuses
from chat.delivery.followers import worker


@shared_task
def purge(what: str) -> int:
    """Remove one kind of thing that is no longer needed; how many rows went."""
    with every_organization():
        return PURGES[what].run()


@shared_task
def mail_reports() -> int:
    """Mail moderators that there are new reports, at most once an hour; returns how many mails."""
    with every_organization():
        return mail_open_reports()


@shared_task
def end_suspensions() -> int:
    """Let members back in whose suspension is over; how many."""
    with every_organization():
        return end_expired_suspensions()


@shared_task
def clear_statuses() -> int:
    """Clear the statuses whose time is over, and return how many."""
    with every_organization():
        return clear_expired_statuses()


@shared_task
def follow() -> None:
    """Let the followers of the event log work for a few seconds (chat/delivery/followers)."""
    with every_organization():
        worker.work()
