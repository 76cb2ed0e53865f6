"""A directory of ten thousand people."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import Member
from chat.queries.members import PAGE, list_members

FILL = """
WITH people AS (
    INSERT INTO accounts_user (id, email, name, password, is_staff, is_active, is_superuser, date_joined)
    SELECT gen_random_uuid(), 'p' || n || '@crowd.test', '', '', false, true, false, now()
    FROM generate_series(1, 10000) AS n RETURNING id, email
)
INSERT INTO accounts_member (id, organization_id, user_id, handle, name, title, role, version, joined_at)
SELECT gen_random_uuid(), %s, id, split_part(email, '@', 1), 'Person ' || md5(email),
    'Department ' || left(md5(email), 2), 'member', 1, now()
FROM people
"""


@pytest.mark.usefixtures("in_acme")
def test_ten_thousand_people_are_searched_by_index(alice: Member) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FILL, [alice.organization_id])
        cursor.execute("SELECT gin_clean_pending_list('member_directory')")  # as autovacuum does
        cursor.execute("ANALYZE accounts_member")
    (wanted,) = list_members(alice, q="p4711")
    assert [found.pk for found in list_members(alice, q=f"DEPARTMENT {wanted.name[-9:]}")] == [wanted.pk]
    plan = Member.objects.filter(directory__contains=wanted.name[-9:].lower()).order_by("handle")[:PAGE].explain()
    assert "member_directory" in plan
