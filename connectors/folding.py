"""Fold the rows that speak of one thing into one record: scalars must agree, members of collections are gathered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from gateway.domain.identifiers import ElementPath
from gateway.domain.records import RawRecord, Rejection

_Key = tuple[str, ...]
_Member = tuple[tuple[str, str], ...]


class Folding:
    """Gathers one resource's records by key, in the order of their first rows. It holds them all until the end."""

    def __init__(self, key: tuple[str, ...]) -> None:
        self._key = tuple(ElementPath(path) for path in key)
        self._first: dict[_Key, RawRecord] = {}
        self._gathered: dict[_Key, dict[str, dict[_Member, Mapping[str, str]]]] = {}
        self._keyless: list[RawRecord] = []
        self.folded = 0

    def add(self, record: RawRecord) -> Rejection | None:
        """Take one row's record in; a rejection when it contradicts an earlier row of the same key."""
        key = tuple(record.elements.get(path, "") for path in self._key)
        if not all(key):
            # Rows without a key are not one thing; each goes on alone and fails for its identity.
            self._keyless.append(record)
            return None
        first = self._first.get(key)
        if first is None:
            self._first[key] = record
            self._gather(key, record)
            return None
        for path, text in record.elements.items():
            if first.elements.get(path, "") != text:
                reason = f"the row contradicts line {first.location.line}, which has the same key"
                return Rejection(
                    record.resource, record.location, record.columns.get(path, path), "contradicts_earlier_row", reason
                )
        self._gather(key, record)
        self.folded += 1
        return None

    def records(self) -> Iterator[RawRecord]:
        """The folded records, then those without a key."""
        for key, first in self._first.items():
            collections = {name: tuple(members.values()) for name, members in self._gathered[key].items()}
            yield replace(first, collections=collections)
        yield from self._keyless

    def _gather(self, key: _Key, record: RawRecord) -> None:
        gathered = self._gathered.setdefault(key, {})
        for name, members in record.collections.items():
            known = gathered.setdefault(name, {})
            for member in members:
                known.setdefault(tuple(sorted(member.items())), member)
