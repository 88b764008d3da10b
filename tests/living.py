"""A source of our own that knows what changed: records with a running number of changes, as an Ed-Fi server keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from connectors.base import PAGE_ROWS, Page, PositionExpired
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.records import Location, RawRecord, Rejection
from gateway.domain.rights import RightsKind

CANDIDATES = ResourceName("candidates")


@dataclass
class Living:
    """Candidates by identifier, each with the number of its last change; `asked` tells what was pulled."""

    names: dict[str, tuple[str, int]] = field(default_factory=dict)
    deletes: list[tuple[str, int]] = field(default_factory=list)
    renames: list[tuple[str, str, int]] = field(default_factory=list)
    newest: int = 0
    oldest: int = 0
    bad: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def put(self, **names: str) -> None:
        """Change or add candidates (`c1="Ana"`)."""
        for identifier, name in names.items():
            self.newest += 1
            self.names[identifier] = (name, self.newest)

    def delete(self, identifier: str) -> None:
        self.newest += 1
        del self.names[identifier]
        self.deletes.append((identifier, self.newest))

    def rename(self, old: str, new: str) -> None:
        """Give a candidate another identifier."""
        self.newest += 1
        self.names[new] = (self.names.pop(old)[0], self.newest)
        self.renames.append((old, new, self.newest))

    def resources(self) -> tuple[ResourceName, ...]:
        return (CANDIDATES,)

    def may_repeat(self) -> bool:
        return True

    def pull(self, resource: ResourceName) -> Iterator[Page]:
        self.asked.append("everything")
        yield from self._pages(self.names)

    def position(self, resource: ResourceName) -> str | None:
        return str(self.newest)

    def changes(self, resource: ResourceName, since: str, until: str) -> Iterator[Page]:
        self.asked.append(f"{since}..{until}")
        if int(since) < self.oldest:
            raise PositionExpired
        window = range(int(since) + 1, int(until) + 1)
        renamed = tuple((_named(old), _named(new)) for old, new, at in self.renames if at in window)
        yield Page((), (), 0, rekeyed=renamed)
        yield from self._pages({key: found for key, found in self.names.items() if found[1] in window})
        yield Page((), (), 0, deleted=tuple(_named(key) for key, at in self.deletes if at in window))

    def rights(self) -> tuple[tuple[RightsKind, ResourceName], ...]:
        return ()

    def pull_rights(self, kind: RightsKind, resource: ResourceName) -> Iterator[Page]:
        return iter(())

    def rows_in(self, resource: ResourceName) -> int | None:
        return len(self.names)

    def unmapped(self) -> Mapping[str, tuple[str, ...]]:
        return {}

    def _pages(self, names: Mapping[str, tuple[str, int]]) -> Iterator[Page]:
        numbered = list(enumerate(names.items(), start=1))
        for start in range(0, len(numbered), PAGE_ROWS):
            part = numbered[start : start + PAGE_ROWS]
            records = tuple(_record(n, key, name) for n, (key, (name, _)) in part if key not in self.bad)
            bad = [(n, key) for n, (key, _) in part if key in self.bad]
            rejections = tuple(Rejection(CANDIDATES, _place(n), "firstName", "undecodable", "bad bytes") for n, _ in bad)
            yield Page(records, rejections, len(part), partial=tuple(_record(n, key, "") for n, key in bad))


def _place(number: int) -> Location:
    return Location("candidates", number)


def _record(number: int, identifier: str, name: str) -> RawRecord:
    elements = {"candidateIdentifier": identifier, "firstName": name, "lastSurname": name}
    return RawRecord(CANDIDATES, _place(number), {ElementPath(path): text for path, text in elements.items()})


def _named(identifier: str) -> RawRecord:
    return RawRecord(CANDIDATES, _place(0), {ElementPath("candidateIdentifier"): identifier})
