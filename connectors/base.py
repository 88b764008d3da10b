"""What every connector is: a source of pages. The cursor, the checks and the store belong to the pipeline.

A connector never receives policies or agreements: it cannot choose what to pull by what may be shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gateway.domain.identifiers import ResourceName
from gateway.domain.records import RawRecord, Rejection
from gateway.domain.rights import RightsKind
from gateway.domain.source_shapes import SeenShape

PAGE_ROWS = 1000
"""Upper bound of the rows, and of the records, of one page."""


@dataclass(frozen=True)
class Page:
    """Up to 1,000 records with an account of every source row behind them.

    `rows` source rows ended as: at least one record or rejection that carries the row's line, or `folded` (merged into
    the record of an earlier row), or `blank` (a repeated group with nothing filled in, hence no record to make).

    `partial` holds what could be read of refused rows, the bad cells empty. It is never stored: it only tells that the
    source still has these records, so that a bad cell does not look like a deletion. A ragged or malformed row has
    none.

    `passed_over` rows do not meet the conditions of the source file, or are none of the resource (a student among users).
    `deleted` (only in the changes of an `Incremental` source) names by their identity records that the source has no longer,
    `rekeyed` those that have another identity now, as (old, new); neither is among `rows`.
    """

    records: tuple[RawRecord, ...]
    rejections: tuple[Rejection, ...]
    rows: int
    folded: int = 0
    blank: int = 0
    partial: tuple[RawRecord, ...] = ()
    passed_over: int = 0
    deleted: tuple[RawRecord, ...] = ()
    rekeyed: tuple[tuple[RawRecord, RawRecord], ...] = ()

    def unaccounted(self) -> int:
        """How many of `rows` have no outcome; anything but 0 is a fault of the connector."""
        lines = {record.location for record in self.records} | {rejection.location for rejection in self.rejections}
        return self.rows - len(lines) - self.folded - self.blank - self.passed_over


class Connector(Protocol):
    """One source of one institution."""

    def resources(self) -> tuple[ResourceName, ...]:
        """The resources that the source can give, in the order of its source file."""
        ...

    def pull(self, resource: ResourceName) -> Iterator[Page]:
        """Every record of a resource, page by page.

        Raises IngestError when the source cannot be read whole; then nothing of this pull may be promoted.
        """
        ...

    def may_repeat(self) -> bool:
        """Whether a record may come twice in one pull without being a mistake, because a living source is paged through: then
        what comes later counts."""
        ...

    def rights(self) -> tuple[tuple[RightsKind, ResourceName], ...]:
        """The files of consents and opt-outs that the source has, each with the resource that names its people."""
        ...

    def pull_rights(self, kind: RightsKind, resource: ResourceName) -> Iterator[Page]:
        """Every row of one of these, with the elements of the person's identity and what the row says about it.

        Raises IngestError as `pull` does.
        """
        ...

    def rows_in(self, resource: ResourceName) -> int | None:
        """About how many rows `pull` will account for, for a progress bar; None when that is not cheap to know."""
        ...

    def unmapped(self) -> Mapping[str, tuple[str, ...]]:
        """Columns by file that the source file does not mention: drift to warn about, never loaded."""
        ...


class PositionExpired(Exception):
    """The source no longer knows what happened since a position: everything must be pulled."""


@runtime_checkable
class Incremental(Connector, Protocol):
    """A source that can say what changed since an earlier pull.

    A position is a text of at most 500 characters that only the connector reads. It is a place in the source's own order of
    changes, never a value of a record.
    """

    def position(self, resource: ResourceName) -> str | None:
        """Where the source stands now; asked before a pull, so that what changes during it comes again at the next one. None:
        this resource is compared as a whole each time."""
        ...

    def changes(self, resource: ResourceName, since: str, until: str) -> Iterator[Page]:
        """What was changed, deleted and given another identity after one position and up to another, the changes of identity
        first. A record may come twice; what comes later counts.

        Raises PositionExpired when the source no longer knows what happened since; IngestError as `pull` does.
        """
        ...


@runtime_checkable
class Settling(Protocol):
    """A source at which something is to be done when its records are safe, because its source file says so: files that are moved
    away or deleted."""

    def settle(self) -> None:
        """Called once after every resource of the source was taken in.

        Raises IngestError when it cannot be done; what was promoted stays, and the next sync asks again.
        """
        ...


@runtime_checkable
class Observing(Protocol):
    """A source that can say what its rows looked like, so that a change of it is seen."""

    def seen(self, resource: ResourceName) -> SeenShape | None:
        """What was seen of a resource by the last pull of this object, which may have ended early; None where nothing was read."""
        ...


@runtime_checkable
class Probing(Protocol):
    """A source that can be looked at before its source file is finished."""

    def offers(self) -> Iterator[str]:
        """What there is to read: names of files, tables or paths. Raises IngestError when the source cannot be reached."""
        ...

    def sample(self, resource: ResourceName, most: int) -> Mapping[str, Sequence[str]]:
        """The first texts of every column of what a resource is read from, also of those that its mapping does not name."""
        ...
