"""What changed in a permitted view: what it was and is, and how far a consumer has heard of it."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from itertools import repeat
from typing import Literal

from pydantic import TypeAdapter

from gateway.domain.identifiers import AgreementId, RecordId
from gateway.domain.query_plan import Condition, ConsentScope, QueryPlan, RelatedScope, RosterScope
from gateway.domain.snapshots import Snapshot
from gateway.domain.treatments import Generalise, ReturnOwnId


@dataclass(frozen=True)
class RowScope:
    """The part of a plan that says which rows are in the permitted view."""

    scope: tuple[Condition, ...]
    related: tuple[RelatedScope, ...]
    rosters: tuple[RosterScope, ...]
    submitted_under: tuple[AgreementId, str] | None
    consents: tuple[ConsentScope, ...]
    excluded_persons: tuple[str, ...]
    excluded_subjects: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, plan: QueryPlan) -> RowScope:
        return cls(**{field.name: getattr(plan, field.name) for field in fields(cls)})


@dataclass(frozen=True)
class View:
    """A permitted view as a consumer had it: the versions of records and of rights, the day, the rows, and (digested) how each
    element that it selected was treated."""

    snapshot: Snapshot
    epoch: int
    day: date
    rows: RowScope
    elements: str

    @classmethod
    def of(cls, plan: QueryPlan, snapshot: Snapshot, epoch: int) -> View:
        elements = hashlib.sha256(repr([(one.path, one.treatment) for one in plan.selected]).encode())
        elements.update(repr(sorted(plan.code_lists.items())).encode())
        return cls(snapshot, epoch, plan.today, RowScope.of(plan), elements.hexdigest())

    def put_on(self, plan: QueryPlan) -> QueryPlan:
        """The plan as it would have read then, with the elements as they are treated now."""
        return replace(plan, pinned=self.snapshot, epoch=self.epoch, today=self.day, **vars(self.rows))


@dataclass(frozen=True)
class Walk:
    """The way from what a consumer knows (None: nothing) to a later view, of which it has heard up to the record `after`. Changes
    come in the order of records: that of versions would tell of edits that nobody may see.

    `everything` says that more can have changed than records that were pulled, so that all rows are compared; `revalued` that a
    row can be shown otherwise than before though it is the same; `anew` that all of them are, so that they are told again.
    """

    since: View | None
    until: View
    after: RecordId | None = None
    everything: bool = True
    revalued: bool = True
    anew: bool = True

    @classmethod
    def between(cls, since: View | None, until: View, plan: QueryPlan) -> Walk:
        """From the beginning."""
        if since is None:
            return cls(None, until)
        anew, another_day = since.elements != until.elements, since.day != until.day
        revalued = anew or (another_day and _shows_ages(plan)) or (since.epoch != until.epoch and _shows_own_ids(plan))
        everything = revalued or since.rows != until.rows or (another_day and bool(plan.consents))
        return cls(since, until, None, everything, revalued, anew)


Mark = View | Walk
"""What a consumer gives to hear more: the view that it knows, or the walk that it is on."""


def mark_to_bytes(mark: Mark) -> bytes:
    """The numbers stand behind the rest, in 8 bytes each: who gets a sealed mark sees its length, which must not tell of them."""
    numbers = _numbers(mark)
    return zlib.compress(_MARKS.dump_json(_numbered(mark, repeat(0)))) + struct.pack(f">{len(numbers)}q", *numbers)


def mark_from_bytes(content: bytes) -> Mark:
    """The inverse, for what `mark_to_bytes` gave."""
    rest = zlib.decompressobj()
    mark = _MARKS.validate_json(rest.decompress(content))
    return _numbered(mark, (number for (number,) in struct.iter_unpack(">q", rest.unused_data)))


def _numbers(mark: Mark | None) -> list[int]:
    """Versions, epochs and records, in one order."""
    match mark:
        case None:
            return []
        case View():
            return [*(version for _, version in mark.snapshot.versions), mark.epoch]
        case Walk():
            return [*_numbers(mark.since), *_numbers(mark.until), *([] if mark.after is None else [mark.after])]


def _numbered(mark: Mark, numbers: Iterator[int]) -> Mark:
    """The same with other numbers, in the order of `_numbers`."""
    if isinstance(mark, View):
        return _view_numbered(mark, numbers)
    since = None if mark.since is None else _view_numbered(mark.since, numbers)
    until = _view_numbered(mark.until, numbers)
    return replace(mark, since=since, until=until, after=None if mark.after is None else RecordId(next(numbers)))


def _view_numbered(view: View, numbers: Iterator[int]) -> View:
    versions = tuple((name, next(numbers)) for name, _ in view.snapshot.versions)
    return replace(view, snapshot=replace(view.snapshot, versions=versions), epoch=next(numbers))


@dataclass(frozen=True)
class Candidate:
    """A record that may have changed: the version of its row in the view before and after, None where it was in none."""

    record: RecordId
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Change:
    """One event of a feed: a record that came into the permitted view, is shown otherwise, or left it for whatever reason
    (decision 2). `text` is the record as JSON, None for one that left; `persons` whom it is about, by role."""

    kind: Literal["inserted", "updated", "withdrawn"]
    record: RecordId
    text: bytes | None
    persons: Mapping[str, int]


def _shows_own_ids(plan: QueryPlan) -> bool:
    return any(isinstance(one.treatment, ReturnOwnId) for one in plan.selected)


def _shows_ages(plan: QueryPlan) -> bool:
    return any(isinstance(one.treatment, Generalise) and one.treatment.to == "age_band" for one in plan.selected)


_MARKS: TypeAdapter[Mark] = TypeAdapter(Mark)
