from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import msgspec
from django.db import models

from accounts.models import Member
from accounts.tenancy import TenantModel, TenantReference
from chat.entities.sidebars import Section
from chat.entities.sidebars import Sidebar as SidebarEntity


class Sidebar(TenantModel):
    """The sections into which a member has sorted their conversations.

    They are one value, because each change concerns their order and moves a conversation from one to another.
    """

    member = models.OneToOneField(
        Member, on_delete=models.CASCADE, related_name="+", primary_key=True, db_constraint=False
    )
    sections = models.JSONField(default=list)
    version = models.PositiveIntegerField(default=0)

    member_id: UUID

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            TenantReference(field="member", to="accounts_member", name="sidebar_member"),
        ]

    def entity(self) -> SidebarEntity:
        sections = msgspec.convert(self.sections, list[Section])
        return SidebarEntity(member=self.member_id, sections=sections, version=self.version)
