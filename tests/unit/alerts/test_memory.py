"""What an entry of the log says about a client, and what is remembered of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.alerts.memory import KEEP, MOST_REFUSALS, Memory, hour_of, read_leaf
from gateway.tlog.leaf import leaf_text
from tests.unit.alerts.traffic import MONDAY, disclosed, refused

LEAF: dict[str, object] = {
    "version": "1",
    "id": "0193-entry",
    "time": "2026-11-24T13:05:23.123456Z",
    "kind": "disclosure",
    "institutions": ["lakeside", "riverton"],
    "client": "sis",
    "agreement": "lakeside-riverton",
    "resource": "candidates",
    "operation": "read",
    "released": ["firstName"],
    "treated": {"middleName": "mask: initial"},
    "withheld": ["birthDate"],
    "filtered_by": ["candidateIdentifier"],
    "sorted_by": ["hispanicLatinoEthnicity"],
    "rows": "17",
}


def test_a_disclosure_uses_what_it_released_treated_and_compared_and_not_what_it_withheld() -> None:
    seen = read_leaf(9, leaf_text(LEAF))
    assert seen is not None
    assert seen.elements == {
        "candidates.firstName",
        "candidates.middleName",
        "candidates.candidateIdentifier",
        "candidates.hispanicLatinoEthnicity",
    }
    assert (seen.index, seen.entry, seen.client, seen.agreement, seen.rows) == (9, "0193-entry", "sis", "lakeside-riverton", 17)
    assert seen.at == datetime(2026, 11, 24, 13, 5, 23, 123456, UTC)


@pytest.mark.parametrize(
    ("operation", "rows"),
    [("read", 17), ("feed", 17), ("export", 17), ("head", 0), ("not_modified", 0), ("roster", 0), ("look", 0)],
)
def test_rows_count_where_they_leave_and_the_client_has_them_not_already(operation: str, rows: int) -> None:
    seen = read_leaf(0, leaf_text({**LEAF, "operation": operation}))
    assert seen is not None
    assert seen.rows == rows


@pytest.mark.parametrize("kind", ["refusal", "token_refusal"])
def test_a_refusal_needs_no_more_than_its_client(kind: str) -> None:
    members = {name: LEAF[name] for name in ("id", "time", "client", "institutions")}
    seen = read_leaf(0, leaf_text({**members, "kind": kind}))
    assert seen is not None
    assert seen.what == "refused"


@pytest.mark.parametrize("kind", ["sync", "start", "agreement", "alert", "anonymous_refusals", "a kind that is still to come"])
def test_what_no_rule_looks_at_is_passed_over(kind: str) -> None:
    assert read_leaf(0, leaf_text({**LEAF, "kind": kind})) is None


def test_an_entry_without_a_client_is_passed_over() -> None:
    assert read_leaf(0, leaf_text({"kind": "refusal", "id": "0193", "time": "2026-11-24T13:05:23Z"})) is None


def test_the_memory_of_a_client_stays_small() -> None:
    memory = Memory()
    for hour in range(24 * 100):
        memory = memory.after(disclosed(MONDAY + timedelta(hours=hour)))
    assert len(memory.rows) == KEEP / timedelta(hours=1) + 1
    for _ in range(MOST_REFUSALS + 5):
        memory = memory.after(refused(MONDAY))
    assert len(memory.refused) == MOST_REFUSALS


def test_rows_are_remembered_by_the_hour_of_utc() -> None:
    memory = Memory()
    for minutes in (0, 30, 59, 60):
        memory = memory.after(disclosed(MONDAY + timedelta(minutes=minutes), 10))
    assert memory.rows == {"2026-11-02T15": 30, "2026-11-02T16": 10}
    assert hour_of(MONDAY) == "2026-11-02T15"
