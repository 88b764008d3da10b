"""The law that the tests of agreement files check by: the shipped policy, on the demo's day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from gateway.agreements.check import Law
from gateway.agreements.open_law import open_law
from gateway.pdp.policies import Policies

DAY = date(2026, 11, 24)


@pytest.fixture(scope="session")
def law() -> Iterator[Law]:
    with open_law(Policies(), DAY, every_module=True) as opened:
        yield opened
