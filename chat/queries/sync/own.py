"""Rows of one table that are for the member alone."""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from functools import cache
from typing import TypeVar

from django.db import models

from chat import sql
from chat.queries.sync import limits
from chat.queries.sync.page import Page

RowT = TypeVar("RowT", bound=models.Model)


def newest_own(model: type[RowT], page: Page, *, owner: str) -> list[RowT]:
    """Return the newest rows, or those that changed since the cursor, whose `owner` is the member; oldest first. They
    are on the first page of a sync only. Their events have to be for the member alone."""
    if not page.first:
        return []
    given = {
        "organization": page.member.organization_id,
        "member": page.member.pk,
        "since": page.since,
        "limit": limits.OWN,
    }
    found = sql.execute(_statement(model, owner, since=bool(page.since)), given)
    return sql.rows(model, found)[::-1]


@cache
def _statement(model: type[models.Model], owner: str, *, since: bool) -> str:
    table = model._meta.db_table
    changed = f"""AND id IN (
        SELECT entity_id FROM chat_event WHERE organization_id = %(organization)s AND member_id = %(member)s
            AND xid >= %(since)s::text::xid8 AND type LIKE '{model._meta.model_name}.%%')"""
    return f"""
        SELECT {sql.columns(model)} FROM {table}
        WHERE organization_id = %(organization)s AND {owner} = %(member)s {changed if since else ""}
        ORDER BY id DESC LIMIT %(limit)s"""
