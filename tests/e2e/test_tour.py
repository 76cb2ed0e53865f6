from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from accounts.models import Member
from tests.cast import PASSWORD

TOUR = Path(__file__).with_name("tour.sh")
PATIENCE = 180  # seconds for some eighty calls on a busy machine


@pytest.mark.usefixtures("transactional_db")
def test_the_whole_rest_contract_by_curl(server: str, alice: Member, bob: Member, charlie: Member) -> None:
    people = {"OWNER": alice, "MEMBER": bob, "STRANGER": charlie}
    names = {name: member.user.email for name, member in people.items()}
    tour = subprocess.run(
        [str(TOUR)],
        env={**os.environ, "BASE": server, "PASSWORD": PASSWORD, **names},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert tour.returncode == 0, tour.stdout + tour.stderr
    assert tour.stdout.endswith("all as expected\n")
