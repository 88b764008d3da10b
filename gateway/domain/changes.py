"""What changed in a permitted view: what it was and is, and how far a consumer has heard of it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Literal

from pydantic import TypeAdapter

from gateway.domain.identifiers import AgreementId, RecordId
from gateway.domain.query_plan import Condition, ConsentScope, QueryPlan, RelatedScope, RosterScope
from gateway.domain.snapshots import Snapshot
from gateway.domain.treatments import Generalise

Place = tuple[int, int]
"""Where a change stands: the version that brought it (0 where it is no version's), and the record."""


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
    """The way from what a consumer knows (None: nothing) to a later view, of which it has heard up to `after`.

    `everything` says that more can have changed than records that were pulled, so that all rows are compared; `revalued` that a
    row can be shown otherwise than before though it is the same; `anew` that all of them are, so that they are told again.
    """

    since: View | None
    until: View
    after: Place | None = None
    everything: bool = True
    revalued: bool = True
    anew: bool = True

    @classmethod
    def between(cls, since: View | None, until: View, plan: QueryPlan) -> Walk:
        """From the beginning."""
        if since is None:
            return cls(None, until)
        anew, another_day = since.elements != until.elements, since.day != until.day
        revalued = anew or (another_day and _shows_ages(plan))
        everything = revalued or since.rows != until.rows or (another_day and bool(plan.consents))
        return cls(since, until, None, everything, revalued, anew)


Mark = View | Walk
"""What a consumer gives to hear more: the view that it knows, or the walk that it is on."""


def mark_to_bytes(mark: Mark) -> bytes:
    return zlib.compress(_MARKS.dump_json(mark))


def mark_from_bytes(content: bytes) -> Mark:
    """The inverse, for what `mark_to_bytes` gave."""
    return _MARKS.validate_json(zlib.decompress(content))


@dataclass(frozen=True)
class Candidate:
    """A record that may have changed: the version of its row in the view before and after, None where it was in none."""

    place: Place
    before: int | None
    after: int | None

    @property
    def record(self) -> RecordId:
        return RecordId(self.place[1])


@dataclass(frozen=True)
class Change:
    """One event of a feed: a record that came into the permitted view, is shown otherwise, or left it for whatever reason
    (decision 2). `text` is the record as JSON, None for one that left; `persons` whom it is about, by role."""

    kind: Literal["inserted", "updated", "withdrawn"]
    place: Place
    text: bytes | None
    persons: Mapping[str, int]

    @property
    def record(self) -> RecordId:
        return RecordId(self.place[1])


def _shows_ages(plan: QueryPlan) -> bool:
    return any(isinstance(one.treatment, Generalise) and one.treatment.to == "age_band" for one in plan.selected)


_MARKS: TypeAdapter[Mark] = TypeAdapter(Mark)
