"""What the worker does for accounts: mail."""

from __future__ import annotations

from smtplib import SMTPException

from celery import shared_task
from django.core.mail import EmailMessage

MAIL_RETRIES = 8  # with the doubling wait below, about nine hours of a mail server being away
MAIL_LONGEST_WAIT = 4 * 3600  # seconds


@shared_task(
    autoretry_for=(OSError, SMTPException),
    retry_backoff=60,
    retry_backoff_max=MAIL_LONGEST_WAIT,
    max_retries=MAIL_RETRIES,
)
def deliver_mail(*, to: str, subject: str, text: str) -> None:
    """Hand one mail to the mail server; tried again for hours while that is away."""
    EmailMessage(subject, text, to=[to]).send()
