"""What is read of one agreement before it is judged: who stands on which basis, and what a partner learns record by record.

Everything that comes in may lack members or have others than it should: what cannot be read is `None`, and counts as not said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeGuard

Facts = Mapping[str, Any]

NOTHING: Facts = {}
WITHHELD: Facts = {"treatment": "withhold"}
UNSHOWN = (WITHHELD, {"treatment": "aggregate_only"})


@dataclass(frozen=True)
class Basis:
    """A legal basis and the persons of a row who stand on it; none in records about nobody."""

    said: Facts
    roles: tuple[str, ...]

    @property
    def name(self) -> Any:
        return self.said.get("basis")

    @property
    def details(self) -> Facts:
        return mapping(self.said.get("details"))


@dataclass(frozen=True)
class Shown:
    """An element that a partner learns record by record. `element` is what the catalog says of it, `grant` its treatment, `None`
    where a row condition reads it; `role` is the person whom it tells something about."""

    resource: str
    path: str
    element: Facts
    role: str | None
    grant: Any


@dataclass(frozen=True)
class Judged:
    """One entry, for some purposes, on a day of its own time zone; `resource` is what the catalog says of its resource."""

    entry: Facts
    resource: Facts
    purposes: tuple[str, ...]
    day: str | None
    modules: tuple[str, ...]
    bases: tuple[Basis, ...]
    shown: tuple[Shown, ...]

    @property
    def elements(self) -> Mapping[str, Any]:
        return mapping(self.entry.get("elements"))

    @property
    def persons(self) -> Facts:
        return mapping(self.entry.get("persons"))

    def on(self, *names: str) -> Iterator[Basis]:
        """The bases of these names on which somebody stands, or records about nobody."""
        return (basis for basis in self.bases if basis.name in names)

    def basis_of(self, shown: Shown) -> Any:
        """The name of the basis on which an element flows; none where it is about nobody."""
        return None if shown.role is None else mapping(self.persons.get(shown.role)).get("basis")

    def about(self, *names: str) -> Iterator[Shown]:
        """What is shown of the people who stand on bases of these names."""
        return (shown for shown in self.shown if self.basis_of(shown) in names)


def read(entry: Facts, name: str, catalog: Facts, purposes: Sequence[str], day: str | None, modules: Sequence[str]) -> Judged:
    """An entry of a resource as it is judged."""
    resource = mapping(catalog["resources"].get(name))
    return Judged(
        entry=entry,
        resource=resource,
        purposes=tuple(purposes),
        day=day,
        modules=tuple(modules),
        bases=tuple(_bases(entry, resource)),
        shown=(*_granted(entry, name, resource), *_told_by_rows(entry, name, catalog)),
    )


def _bases(entry: Facts, resource: Facts) -> Iterator[Basis]:
    """What the resource says for all is judged where somebody stands on it, or where its records are about nobody."""
    persons = mapping(entry.get("persons"))
    if not resource.get("persons"):
        yield Basis(mapping(entry.get("legal_basis")), ())
    told: list[Facts] = []
    for said in persons.values():
        if isinstance(said, Mapping) and said not in told:
            told.append(said)
            yield Basis(said, tuple(role for role, own in persons.items() if own == said))


def _granted(entry: Facts, name: str, resource: Facts) -> Iterator[Shown]:
    described = mapping(resource.get("elements"))
    for path, grant in mapping(entry.get("elements")).items():
        element = mapping(described.get(path))
        if element and grant not in UNSHOWN:
            yield Shown(name, path, element, element.get("person"), grant)


def _told_by_rows(entry: Facts, name: str, catalog: Facts) -> Iterator[Shown]:
    """Who is on a list has passed its conditions; another resource's tell it of the person through whom they are related."""
    rows = entry.get("rows")
    for row in rows if isinstance(rows, list) else ():
        related = mapping(row).get("related")
        conditions = mapping(row).get("where") if related is not None else [row]
        place = name if related is None else related
        described = mapping(mapping(catalog["resources"].get(place)).get("elements"))
        for condition in conditions if isinstance(conditions, list) else ():
            for path in (mapping(condition).get(member) for member in ("element", "roster")):
                if isinstance(path, str) and path in described:
                    element = described[path]
                    role = element.get("person") if related is None else mapping(row).get("about")
                    yield Shown(str(place), path, element, role, None)


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping as it is; anything else says nothing."""
    return value if isinstance(value, Mapping) else NOTHING


def worded(value: Any) -> TypeGuard[str]:
    """Whether something is said in words."""
    return isinstance(value, str) and bool(value.strip())


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any, least: int, most: float = float("inf")) -> bool:
    """Whether a value is a whole number in a range; both ends belong to it."""
    return is_number(value) and value == int(value) and least <= value <= most


def is_day(value: Any) -> TypeGuard[str]:
    """Whether a value is a day that the calendar has, as in 2026-07-01."""
    if not isinstance(value, str) or len(value) != len("2026-07-01"):
        return False
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
