"""Link (pure): by which surrogates the records of two permitted views belong together, if their reader can see that anyway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.catalog.model import Element, Resource
from gateway.domain.decision import Permit
from gateway.domain.identifiers import ResourceName
from gateway.domain.query_plan import RECORD_COLUMN
from gateway.domain.treatments import Pseudonymise, Share
from gateway.errors import RequestError

SELF = "self"


@dataclass(frozen=True)
class Link:
    """The column of a record of the page, and that of a record beside it, in which the same surrogate stands."""

    own: str
    other: str


@dataclass(frozen=True)
class _End:
    """A key of a record: its own (`"self"`), or that of a record it refers to, by the reference's name."""

    name: str
    key_space: ResourceName
    column: str
    members: Sequence[Element]


def link(own: Resource, own_permit: Permit, other: Resource, other_permit: Permit) -> Link:
    """The one way in which records of `other` name a record of `own`, or are named by one.

    Raises `RequestError` where there is none that both permitted views show: either all of the key as it is, or its pseudonym.
    """
    ways = [(mine, theirs) for mine in _ends(own) for theirs in _ends(other) if mine.key_space == theirs.key_space]
    seen = [
        Link(mine.column, theirs.column)
        for mine, theirs in ways
        if (mine.name == SELF) != (theirs.name == SELF) and _seen_alike(mine, own_permit, theirs, other_permit)
    ]
    if len(seen) != 1:
        raise RequestError(
            f"`expand` cannot put {other.name} beside {own.name}: it can where the one names the other by one key, which you see "
            "in both, as it is or as a pseudonym."
        )
    return seen[0]


def _ends(resource: Resource) -> Iterator[_End]:
    yield _End(SELF, resource.key_space, RECORD_COLUMN, [resource.elements[path] for path in resource.identity])
    for name, reference in resource.references.items():
        yield _End(name, reference.target, reference.column, [resource.elements[path] for path in reference.members])


def _seen_alike(mine: _End, own: Permit, theirs: _End, other: Permit) -> bool:
    """Whether a reader of both views could put the records together itself."""
    pairs = list(zip(mine.members, theirs.members, strict=True))
    shared = all(own.elements.get(a.path) == Share() == other.elements.get(b.path) for a, b in pairs)
    return shared or any(_coded(a, mine, own) and _coded(b, theirs, other) for a, b in pairs)


def _coded(member: Element, end: _End, permit: Permit) -> bool:
    return member.stands_for == end.name and permit.elements.get(member.path) == Pseudonymise()
