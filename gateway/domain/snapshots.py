"""A version of the records that a walk over many pages keeps to, while newer ones are promoted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from gateway.domain.identifiers import ResourceName
from gateway.domain.times import utc_text

_DIGITS = 19
PROMOTION_MARGIN = timedelta(minutes=10)
"""A promotion bears the time at which it began to commit: what was read a moment ago was the newest version this long ago."""


@dataclass(frozen=True)
class Snapshot:
    """The promoted version of each resource that was looked at, at a UTC time.

    A number alone would tell of changes that nobody may see, so that a client gets it sealed.
    """

    at: str
    versions: tuple[tuple[ResourceName, int], ...]

    @classmethod
    def of(cls, at: str, versions: Mapping[ResourceName, int]) -> Snapshot:
        return cls(at, tuple(sorted(versions.items())))

    @classmethod
    def taken(cls, now: datetime, versions: Mapping[ResourceName, int]) -> Snapshot:
        """Of the versions that are the newest at a UTC time."""
        return cls.of(utc_text(now - PROMOTION_MARGIN), versions)

    def to_bytes(self) -> bytes:
        """As long for one number as for another: who gets it sealed sees its length."""
        return orjson.dumps([self.at, {name: f"{version:0{_DIGITS}}" for name, version in self.versions}])

    @classmethod
    def from_bytes(cls, content: bytes) -> Snapshot:
        """The inverse, for what `to_bytes` gave."""
        at, versions = orjson.loads(content)
        return cls.of(str(at), {ResourceName(name): int(version) for name, version in versions.items()})
