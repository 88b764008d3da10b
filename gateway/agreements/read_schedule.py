"""Read the schedules of an agreement file: one grant for each resource of each direction, with all that it inherits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ruamel.yaml.nodes import MappingNode, Node

from gateway.agreements.read_basis import Ground, read_basis
from gateway.agreements.read_clauses import read_slug
from gateway.agreements.read_rows import ROSTER, RowReader
from gateway.agreements.read_treatments import TreatmentReader
from gateway.catalog.model import Resource
from gateway.domain.agreement import FORMATS, PURPOSES, AggregateTable, Grant, Limits, Schedule
from gateway.domain.decision import LegalBasis, RosterPredicate, StatedPredicate
from gateway.domain.identifiers import ElementPath, InstitutionId
from gateway.domain.treatments import ReturnOwnId, Treatment, Withhold
from gateway.domain.yaml_nodes import Entry, NodeReader

MOST_REQUESTS, MOST_ROWS = 6000, 100_000_000
_REQUIRED = ("id", "provider", "recipient", "legal_basis", "purposes", "resources")
_SERVED = ("formats", "change_feed", "limits")
_SCHEDULE = (*_REQUIRED, *_SERVED, "operation", "tables")
_RESOURCE = ("purposes", "legal_basis", "persons", "rows", "discloses", "elements", "by_class", *_SERVED)
_LOOKUP = "the data dictionary lists the resources"


@dataclass(frozen=True)
class Schedules:
    """What the schedules of a file say."""

    schedules: tuple[Schedule, ...] = ()
    grants: tuple[Grant, ...] = ()
    tables: tuple[AggregateTable, ...] = ()


@dataclass(frozen=True)
class _Served:
    """How records are given, which a resource inherits from its schedule."""

    formats: tuple[str, ...] = ("json",)
    change_feed: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class _Terms:
    """What a schedule says once for all of its resources."""

    index: int
    schedule: str
    provider: InstitutionId
    recipient: InstitutionId
    basis: LegalBasis | None
    interests: Mapping[str, str]
    served: _Served


class ScheduleReader:
    """Reads schedules; what does not fit is noted in the ground's node reader."""

    def __init__(
        self,
        ground: Ground,
        code_lists: Mapping[str, Mapping[str, str]],
        academic_terms: tuple[tuple[str, date], ...],
    ) -> None:
        self._ground = ground
        self._reader: NodeReader = ground.reader
        self._code_lists = code_lists
        self._academic_terms = academic_terms

    def read(self, entry: Entry) -> Schedules:
        """Everything under `schedules`, in the order of the file."""
        reader = self._reader
        schedules: list[Schedule] = []
        grants: list[Grant] = []
        tables: list[AggregateTable] = []
        ids: set[str] = set()
        nodes = reader.items(entry.value, "schedules")
        for index, node in enumerate(nodes):
            parts = reader.entries(node, "a schedule", _SCHEDULE, _REQUIRED)
            terms = self._terms(index, parts)
            if terms.schedule in ids:
                reader.problem(parts["id"].value, f'schedule "{terms.schedule}" stands twice', "give each its own id")
            ids.add(terms.schedule)
            own = self._grants(parts["resources"], terms) if "resources" in parts else []
            grants += own
            if "tables" in parts:
                tables += self._tables(parts["tables"], terms.schedule, own)
            schedules += self._schedule(parts, terms)
        if not nodes:
            reader.problem(entry.key, "an agreement has one schedule or more", "add a schedule with a resource")
        return Schedules(tuple(schedules), tuple(grants), tuple(tables))

    def _schedule(self, parts: Mapping[str, Entry], terms: _Terms) -> list[Schedule]:
        operation = read_slug(self._reader, parts["operation"].value, "operation") if "operation" in parts else None
        if terms.basis is None:
            return []
        return [Schedule(terms.schedule, terms.provider, terms.recipient, terms.basis, terms.interests, operation or "")]

    def _terms(self, index: int, parts: Mapping[str, Entry]) -> _Terms:
        provider, recipient = self._party(parts.get("provider")), self._party(parts.get("recipient"))
        if provider == recipient and provider:
            self._reader.problem(
                parts["recipient"].value, "provider and recipient are the same institution", "name the other party as recipient"
            )
        return _Terms(
            index=index,
            schedule=(read_slug(self._reader, parts["id"].value, "id of a schedule") or "") if "id" in parts else "",
            provider=InstitutionId(provider),
            recipient=InstitutionId(recipient),
            basis=read_basis(self._ground, parts["legal_basis"]) if "legal_basis" in parts else None,
            interests=self._interests(parts["purposes"]) if "purposes" in parts else {},
            served=self._served(parts, _Served()),
        )

    def _party(self, entry: Entry | None) -> str:
        if entry is None or not self._ground.parties:
            return ""
        return self._reader.choice(entry.value, "party of this agreement", tuple(self._ground.parties)) or ""

    def _interests(self, entry: Entry) -> Mapping[str, str]:
        reader, interests = self._reader, {}
        items = reader.entries(entry.value, "purposes")
        for item in items.values():
            reader.choice(item.key, "purpose", PURPOSES)
            parts = reader.entries(item.value, f"purpose {item.name}", ("legitimate_interest",), ("legitimate_interest",))
            if "legitimate_interest" in parts:
                interests[item.name] = reader.words(parts["legitimate_interest"].value, "legitimate_interest") or ""
        if isinstance(entry.value, MappingNode) and not entry.value.value:
            reader.problem(entry.key, "a schedule names one purpose or more", "write placement: {legitimate_interest: why}")
        return dict(sorted(interests.items()))

    def _served(self, parts: Mapping[str, Entry], inherited: _Served) -> _Served:
        reader, formats = self._reader, inherited.formats
        if "formats" in parts:
            named = (reader.choice(node, "format", FORMATS) for node in reader.items(parts["formats"].value, "formats"))
            formats = tuple(sorted({name for name in named if name})) or formats
        feed = reader.flag(parts["change_feed"].value, "change_feed") if "change_feed" in parts else None
        limits = self._limits(parts["limits"]) if "limits" in parts else inherited.limits
        return _Served(formats, inherited.change_feed if feed is None else feed, limits)

    def _limits(self, entry: Entry) -> Limits:
        parts = self._reader.entries(entry.value, "limits", ("requests_per_minute", "rows_per_day"))
        found = {
            name: self._reader.whole(parts[name].value, name, 1, most) if name in parts else None
            for name, most in (("requests_per_minute", MOST_REQUESTS), ("rows_per_day", MOST_ROWS))
        }
        return Limits(**found)

    def _grants(self, entry: Entry, terms: _Terms) -> list[Grant]:
        items = self._reader.entries(entry.value, "resources")
        if isinstance(entry.value, MappingNode) and not entry.value.value:
            self._reader.problem(entry.key, "a schedule names one resource or more", "name what is shared, as in candidates:")
        return [grant for item in items.values() if (grant := self._grant(item, terms)) is not None]

    def _grant(self, entry: Entry, terms: _Terms) -> Grant | None:
        reader, catalog = self._reader, self._ground.catalog
        resource = catalog.resource(entry.name)
        if resource is None:
            fix = reader.suggestion(entry.name, catalog.resources) or _LOOKUP
            reader.problem(entry.key, f'"{entry.name}" is not a resource', fix)
            return None
        parts = reader.entries(entry.value, entry.name, _RESOURCE)
        elements = self._elements(parts, resource, entry)
        purposes = self._purposes(parts["purposes"], terms) if "purposes" in parts else tuple(terms.interests)
        basis = read_basis(self._ground, parts["legal_basis"], resource) if "legal_basis" in parts else terms.basis
        persons = self._persons(parts.get("persons"), resource)
        before = len(reader.problems)
        rows = RowReader(self._ground, resource, terms.recipient, self._code_lists, self._academic_terms)
        stated = rows.read(parts["rows"]) if "rows" in parts else ()
        if len(reader.problems) == before:
            self._own_ids(parts.get("elements"), elements, stated)
        discloses = self._discloses(parts["discloses"], resource) if "discloses" in parts else ()
        served = self._served(parts, terms.served)
        if basis is None or not terms.provider or not terms.recipient:
            return None
        return Grant(
            schedule=terms.schedule,
            provider=terms.provider,
            recipient=terms.recipient,
            resource=resource.name,
            purposes=purposes,
            basis=basis,
            persons={role: persons.get(role, basis) for role in resource.persons},
            rows=stated,
            elements=elements,
            interests={purpose: terms.interests.get(purpose, "") for purpose in purposes},
            discloses=discloses,
            formats=served.formats,
            change_feed=served.change_feed,
            limits=served.limits,
            place=("schedules", terms.index, "resources", resource.name),
        )

    def _own_ids(self, entry: Entry | None, elements: Mapping[ElementPath, Treatment], rows: Sequence[StatedPredicate]) -> None:
        """The recipient has an id of its own only for whom it listed."""
        listed = {row.element for row in rows if isinstance(row, RosterPredicate)}
        for key, value in entry.value.value if entry is not None and isinstance(entry.value, MappingNode) else ():
            if elements.get(key.value) == ReturnOwnId() and key.value not in listed:
                message = f'"{key.value}" returns the recipient\'s own ids, but the rows are not chosen by a roster of it'
                self._reader.problem(value, message, f"add to rows: {{relation: {ROSTER}, by: {key.value}}}")

    def _elements(self, parts: Mapping[str, Entry], resource: Resource, entry: Entry) -> Mapping[ElementPath, Treatment]:
        before = len(self._reader.problems)
        reader = TreatmentReader(self._reader, self._ground.catalog, resource, self._code_lists)
        elements = reader.read(parts.get("elements"), parts.get("by_class"))
        if not elements and len(self._reader.problems) == before:
            self._reader.problem(
                entry.key,
                f"no element of {resource.name} is named, and what is not named is withheld",
                "add elements: with name: treatment, as in firstName: share",
            )
        return elements

    def _purposes(self, entry: Entry, terms: _Terms) -> tuple[str, ...]:
        nodes = self._reader.items(entry.value, "purposes")
        found = (self._reader.choice(node, "purpose of this schedule", tuple(terms.interests)) for node in nodes)
        purposes = tuple(sorted({purpose for purpose in found if purpose}))
        if not nodes:
            self._reader.problem(entry.key, "purposes is an empty list", "name purposes of the schedule, or leave purposes out")
        return purposes

    def _persons(self, entry: Entry | None, resource: Resource) -> dict[str, LegalBasis]:
        """The bases that are stated for single persons of a row."""
        if entry is None:
            return {}
        stated: dict[str, LegalBasis] = {}
        if not resource.persons:
            self._reader.problem(entry.key, f"rows of {resource.name} are about nobody", "remove persons")
            return {}
        for item in self._reader.entries(entry.value, f"persons of {resource.name}", tuple(resource.persons)).values():
            parts = self._reader.entries(item.value, f"person {item.name}", ("legal_basis",), ("legal_basis",))
            basis = read_basis(self._ground, parts["legal_basis"], resource) if "legal_basis" in parts else None
            if basis is not None:
                stated[item.name] = basis
        return stated

    def _discloses(self, entry: Entry, resource: Resource) -> tuple[str, ...]:
        """What a partner learns by seeing which rows there are: own elements, and `resource.element` of others."""
        found = set()
        for node in self._reader.items(entry.value, "discloses"):
            path = self._reader.text(node, "discloses") or ""
            other, _, rest = path.partition(".")
            there = self._ground.catalog.resource(other)
            place, name = (there, rest) if there else (resource, path)
            if place.element(name) is not None:
                found.add(path)
                continue
            known = {element.path for element in place.every_element()}
            near = self._reader.suggestion(name, known)
            fix = near.replace('"', f'"{place.name}.', 1) if there and near else near
            self._reader.problem(node, f'"{name}" is not an element of {place.name}', fix or "write resource.element, or element")
        return tuple(sorted(found))

    def _tables(self, entry: Entry, schedule: str, grants: list[Grant]) -> list[AggregateTable]:
        reader, tables = self._reader, []
        for item in reader.entries(entry.value, "tables").values():
            members = ("resource", "dimensions", "measure")
            parts = reader.entries(item.value, f"table {item.name}", members, members)
            name = read_slug(reader, item.key, "table")
            if "measure" in parts:
                reader.choice(parts["measure"].value, "measure", ("count",))
            if "resource" not in parts or "dimensions" not in parts:
                continue
            granted = {grant.resource: grant for grant in grants}
            resource = reader.choice(parts["resource"].value, "resource of this schedule", tuple(granted))
            nodes = reader.items(parts["dimensions"].value, "dimensions")
            if resource is None or name is None:
                continue
            grant = next(found for found in grants if found.resource == resource)
            dimensions = [self._dimension(node, grant) for node in nodes]
            tables.append(AggregateTable(schedule, name, grant.resource, tuple(path for path in dimensions if path)))
        return tables

    def _dimension(self, node: Node, grant: Grant) -> ElementPath | None:
        path = self._reader.text(node, "dimension") or ""
        treatment = grant.elements.get(ElementPath(path))
        if treatment is not None and treatment != Withhold():
            return ElementPath(path)
        counted = [name for name, other in grant.elements.items() if other != Withhold()]
        near = self._reader.suggestion(path, counted)
        self._reader.problem(
            node,
            f'"{path}" is not among the elements of {grant.resource} in this schedule',
            near or f"add it to elements of {grant.resource}, as {path}: aggregate_only",
        )
        return None
