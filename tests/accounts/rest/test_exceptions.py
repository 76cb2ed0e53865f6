from __future__ import annotations

import psycopg
import pytest
import redis.exceptions
from django.db import InterfaceError, OperationalError
from django.db.transaction import TransactionManagementError

from accounts.rest.exceptions import Unavailable, as_refusal


@pytest.mark.parametrize(
    "refused", [OperationalError(), redis.exceptions.ConnectionError(), redis.exceptions.TimeoutError()]
)
def test_what_is_away_may_come_back(refused: Exception) -> None:
    refusal = as_refusal(refused)
    assert isinstance(refusal, Unavailable)
    assert refusal.status == 503


@pytest.mark.parametrize("cause", [OperationalError(), InterfaceError(), psycopg.OperationalError()])
def test_whatever_a_lost_connection_leads_to_is_said_to_be_that(cause: Exception) -> None:
    consequence = TransactionManagementError()
    consequence.__cause__ = cause
    assert isinstance(as_refusal(cause), Unavailable)
    assert isinstance(as_refusal(consequence), Unavailable)


def test_a_defect_of_ours_stays_one() -> None:
    assert as_refusal(TransactionManagementError()) is None
    assert as_refusal(KeyError("x")) is None
    assert as_refusal(redis.exceptions.ResponseError("a script that is wrong")) is None
