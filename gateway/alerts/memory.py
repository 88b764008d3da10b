"""Remember (pure) what a client usually does: made from entries of the audit log alone, so it can be made again from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import orjson

from gateway.domain.times import utc_text

KEEP = timedelta(days=62)
LONGEST_HABIT = 60
"""Days."""
MOST_REFUSALS = 1_000
SENT = frozenset({"read", "feed", "export"})
"""Operations whose rows leave; of the others a client has them already, or gets no record."""
USED = ("released", "filtered_by", "sorted_by")


@dataclass(frozen=True)
class Seen:
    """One entry of the log that says something about a client; `elements` are paths with their resource before them."""

    index: int
    entry: str
    at: datetime
    what: Literal["disclosed", "refused"]
    client: str
    institutions: tuple[str, ...]
    agreement: str | None = None
    elements: frozenset[str] = frozenset()
    rows: int = 0


@dataclass(frozen=True)
class Memory:
    """What is known of one client: when it got records first, rows by the hour (`2026-11-24T13`, UTC), every element that it ever
    used, and its refusals since its last disclosure (moment, entry)."""

    first: datetime | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    refused: tuple[tuple[datetime, str], ...] = ()

    def after(self, seen: Seen) -> Memory:
        """The memory with one more entry in it."""
        if seen.what == "refused":
            return replace(self, refused=(*self.refused, (seen.at, seen.entry))[-MOST_REFUSALS:])
        hour, oldest = hour_of(seen.at), hour_of(seen.at - KEEP)
        rows = self.rows
        if seen.rows:
            # Forgets when an hour begins, not at each entry.
            kept = rows if hour in rows else {known: count for known, count in rows.items() if known >= oldest}
            rows = {**kept, hour: kept.get(hour, 0) + seen.rows}
        used = self.used if seen.elements <= self.used else self.used | seen.elements
        return Memory(self.first or seen.at, rows, used, ())

    def summed(self, since: datetime, label: Callable[[datetime], date | None]) -> Mapping[date, int]:
        """Rows since a moment, by what `label` calls the hour that begins then; None leaves an hour out."""
        oldest, found = hour_of(since), dict[date, int]()
        for hour, rows in self.rows.items():
            if hour >= oldest:
                day = label(datetime.fromisoformat(f"{hour}:00:00+00:00"))
                if day is not None:
                    found[day] = found.get(day, 0) + rows
        return found

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "first": None if self.first is None else utc_text(self.first),
            "rows": dict(self.rows),
            "used": sorted(self.used),
            "refused": [[utc_text(at), entry] for at, entry in self.refused],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Memory:
        """As it was stored."""
        first = stored["first"]
        return cls(
            None if first is None else datetime.fromisoformat(first),
            stored["rows"],
            frozenset(stored["used"]),
            tuple((datetime.fromisoformat(at), entry) for at, entry in stored["refused"]),
        )


def hour_of(moment: datetime) -> str:
    """The hour of a moment, as the memory names it; names sort as hours follow."""
    return moment.astimezone(UTC).isoformat(timespec="hours")[:13]


def read_leaf(index: int, leaf: bytes) -> Seen | None:
    """What an entry says about a client; None where it names none, or no rule looks at its kind."""
    told = orjson.loads(leaf)
    if "client" not in told:
        return None
    match told["kind"]:
        case "disclosure":
            paths = {path for member in USED for path in told.get(member, ())} | set(told.get("treated", ()))
            return Seen(
                index,
                told["id"],
                datetime.fromisoformat(told["time"]),
                "disclosed",
                told["client"],
                tuple(told["institutions"]),
                told["agreement"],
                frozenset(f"{told['resource']}.{path}" for path in paths),
                int(told["rows"]) if told["operation"] in SENT else 0,
            )
        case "refusal" | "token_refusal":
            at = datetime.fromisoformat(told["time"])
            return Seen(index, told["id"], at, "refused", told["client"], tuple(told["institutions"]))
    return None
