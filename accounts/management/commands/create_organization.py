"""`manage.py create_organization "Acme" --owner ada@acme.com`: where people do not found organizations themselves."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from accounts.actions import create_organization
from accounts.actions.email_addresses import accounts_of, empty_unproven, is_proven
from accounts.errors import Invalid, Refusal
from accounts.models import Member, User


class Command(BaseCommand):
    help = "Set an organization up for somebody, who gets an account when they have none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="of the organization")
        parser.add_argument("--owner", required=True, metavar="EMAIL")
        parser.add_argument("--slug", default="", help="its address, /o/<slug>/; made from the name when left out")

    def handle(self, *args: Any, name: str, owner: str, slug: str, **options: Any) -> None:
        try:
            member = self.found(name, owner, slug)
        except Invalid as refusal:
            raise CommandError(
                "; ".join(f"{field}: {' '.join(why)}" for field, why in refusal.errors.items())
            ) from None
        except (Refusal, ValidationError) as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"/o/{member.organization.slug}/ belongs to {member.user.email}.")
        if not member.user.has_usable_password():
            self.stdout.write(
                "They have no password yet: “Forgot your password?” on the sign-in page sends them a link."
            )

    @transaction.atomic
    def found(self, name: str, owner: str, slug: str) -> Member:
        validate_email(owner)
        user = next(iter(accounts_of(owner)), None) or User.objects.create_user(owner)
        if not is_proven(user):  # anybody may have created it, and must not become an owner by that
            empty_unproven(user)
        return create_organization(user, name=name, slug=slug)
