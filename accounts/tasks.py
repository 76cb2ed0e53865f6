"""What the worker does for accounts: mail, and putting away what has expired."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPException

from celery import shared_task
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.utils import timezone

from accounts.models import ApiToken, Invitation
from accounts.tenancy import every_organization

KEPT_AFTER_EXPIRY = timedelta(days=30)  # so that an old invitation link still says "expired" instead of "unknown"
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


@shared_task
def purge_expired() -> None:
    """Delete sessions and tokens that have expired, and invitations that expired a while ago."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    ApiToken.objects.filter(expires_at__lt=now).delete()
    with every_organization():
        Invitation.objects.filter(expires_at__lt=now - KEPT_AFTER_EXPIRY).delete()
