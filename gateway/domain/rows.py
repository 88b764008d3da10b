"""Rows as `read` gives them and the body that `encode` makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.narrowing import Position


@dataclass(frozen=True)
class MemberRows:
    """The members of one collection for the rows of a page: for each member the position of its row, its place in the
    sealed blob's address, and its values by column."""

    row: Sequence[int]
    ordinal: Sequence[int]
    sealed: Sequence[bytes | None] | None
    values: Mapping[ElementPath, Sequence[object]]


@dataclass(frozen=True)
class OwnIds:
    """What the recipient calls the records that an element of a page names: their surrogates and its ids, still sealed."""

    records: Sequence[int | None]
    sealed: Sequence[bytes | None]


@dataclass(frozen=True)
class Rows:
    """A page, column by column, all columns of one length.

    `versions` is empty where nothing is sealed and no collection read; `values` holds what SQL could treat; `sealed` the blobs
    still to be opened; `own_ids` what comes from the recipient's roster; `persons` the person numbers of each role; `following` and
    `preceding` are where the pages beside it start, None where there is none; `count` is the number of records on all pages, where
    it was asked for; `versions_of` which version of each resource was read; `links` are the surrogates by which rows belong
    together.
    """

    records: Sequence[int]
    versions: Sequence[int]
    values: Mapping[ElementPath, Sequence[object]]
    sealed: Sequence[bytes | None] | None
    members: Mapping[str, MemberRows]
    persons: Mapping[str, Sequence[int]]
    following: Position | None
    preceding: Position | None = None
    count: int | None = None
    own_ids: Mapping[ElementPath, OwnIds] = field(default_factory=dict)
    versions_of: Mapping[ResourceName, int] = field(default_factory=dict)
    links: Mapping[str, Sequence[int | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class TreatedMembers:
    """The members of one collection that are shown: for each the position of its row, and columns by the path inside the
    collection. A row's members stand in the order in which they are shown."""

    row: Sequence[int]
    values: Mapping[str, Sequence[object]]


@dataclass(frozen=True)
class TreatedRows:
    """A page in which every value is the treated one, column by column."""

    count: int
    values: Mapping[ElementPath, Sequence[object]]
    members: Mapping[str, TreatedMembers]


@dataclass(frozen=True)
class Body:
    """The exact bytes that leave, what they are, and what goes beside them in headers."""

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
