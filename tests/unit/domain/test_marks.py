"""What a client gets sealed is as long for one hidden number as for another."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as some

from gateway.domain.changes import Mark, RowScope, View, Walk, mark_from_bytes, mark_to_bytes
from gateway.domain.identifiers import RecordId, ResourceName
from gateway.domain.snapshots import Snapshot

NUMBERS = some.lists(some.integers(0, 2**63 - 1), min_size=7, max_size=7)
NOTHING = RowScope((), (), (), None, (), (), ())
SOME, OTHER = ResourceName("candidates"), ResourceName("staffs")
AT = "2026-11-26T12:00:00.000000Z"


def snapshot(one: int, other: int) -> Snapshot:
    return Snapshot.of(AT, {SOME: one, OTHER: other})


def marks(numbers: list[int]) -> list[Mark]:
    one, other, epoch, more, and_more, later, record = numbers
    since = View(snapshot(one, other), epoch, date(2026, 11, 26), NOTHING, "0" * 64)
    until = View(snapshot(more, and_more), later, date(2026, 11, 27), NOTHING, "1" * 64)
    return [since, Walk(None, until), Walk(since, until), Walk(since, until, RecordId(record))]


@given(NUMBERS)
def test_a_mark_is_read_back_and_its_length_tells_no_number(numbers: list[int]) -> None:
    for mark, least in zip(marks(numbers), marks([0] * 7), strict=True):
        assert mark_from_bytes(mark_to_bytes(mark)) == mark
        assert len(mark_to_bytes(mark)) == len(mark_to_bytes(least))


@given(NUMBERS)
def test_so_are_versions(numbers: list[int]) -> None:
    taken = snapshot(*numbers[:2])
    assert Snapshot.from_bytes(taken.to_bytes()) == taken
    assert len(taken.to_bytes()) == len(snapshot(0, 0).to_bytes())
