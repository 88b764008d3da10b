"""The permitted view, exactly: random agreements and random requests, each answered byte for byte as a plain reading does.

The plain reading goes through the stored rows one by one: it opens them, keeps those in the agreement's rows, treats value by
value, filters, orders and writes record by record. What it has, the answer has: every permitted element, and no other.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from ruamel.yaml import YAML
from sqlalchemy import Row, Table, select

from gateway.agreements.read_agreement import read_agreement
from gateway.catalog.model import Element, Resource
from gateway.domain.agreement import Grant
from gateway.domain.decision import RowPredicate, StatedPredicate
from gateway.domain.filtering import Comparison, Filter, Joined, Not, SortBy, Written
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, ResourceName
from gateway.domain.treatments import Generalise, MaskText, Pseudonymise, Share
from gateway.keys.pseudonym import Pseudonyms
from gateway.keys.seal import Sealer
from gateway.redact.by_value import treated_value
from tests.asking import kept, ordered, spelled
from tests.campaigns.two_worlds import place
from tests.world import World

EVERYTHING = Path(__file__).with_name("two_worlds_other.yaml")
"""The agreement that makes the gateway store what the random ones share."""
REQUESTS = 20
"""Of each agreement."""
LAKESIDE = InstitutionId("lakeside")
CLIENT, PARTNER, PURPOSE, AGREEMENT = "inspector-sis", "inspector", "audit", AgreementId("random-view")
GROUPS = {
    "Practice": ["uri://lakeside.example/FieldworkTypeDescriptor#Practicum"],
    "Watching": ["uri://lakeside.example/FieldworkTypeDescriptor#Observation", "uri://ed-fi.org/RaceDescriptor#White"],
    "F": ["uri://ed-fi.org/SexDescriptor#Female"],
}
GROUP_OF = {code: group for group, codes in GROUPS.items() for code in codes}
NOTICE = "Use for the stated purpose only and do not pass on (34 CFR 99.33)."
NUMBERED = ("Identifier", "UniqueId", "personId", "loginId", "electronicMailAddress", "telephoneNumber")
"""How the names of sealed elements end that can be compared where they are shared."""
EQUAL: Sequence[str] = ("eq", "ne", "in", "isnull")
ORDERED = (*EQUAL, "lt", "le", "gt", "ge")
TEXT = (*ORDERED, "contains", "startswith")
Record = Mapping[str, Any]
Value = str | int | float | bool | None


@dataclass(frozen=True)
class Kind:
    """How a treated element may be asked about: the operators and kind of literal, and whether it has an order."""

    operators: Sequence[str]
    literal: Any
    sortable: bool


@dataclass
class Toll:
    """Pairs of agreement and request that were answered, and the requests of those that were answered otherwise."""

    answered: int = 0
    agreements: int = 0
    otherwise: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Raw:
    """One stored row, opened: values and surrogates by path, and the members of each list in their order."""

    record: int
    values: Mapping[str, Value]
    surrogates: Mapping[str, int | None]
    lists: Mapping[str, Sequence[Mapping[str, Value]]]


def prepare(world: World) -> None:
    """Let everything be stored, and the random agreements' recipient be known."""
    world.agree(EVERYTHING)
    world.operate("riverton")
    world.load()


def hold_exactly(world: World, seed: int, pairs: int) -> Toll:
    """Ask until so many pairs were answered; collects the requests whose answer is not what the plain reading gives."""
    chance = random.Random(seed)
    toll = Toll()
    raw = {name: list(_opened(world, world.gateway.catalog.resources[name])) for name in _shared(EVERYTHING)}
    while toll.answered < pairs:
        file = world.folder / "random.yaml"
        file.write_bytes(orjson.dumps(_agreement(chance, world)))  # JSON is YAML
        grants = {grant.resource: grant for grant in read_agreement(file, world.gateway.catalog).grants}
        world.agree(file)
        if toll.agreements == 0:
            world.client(CLIENT, PARTNER, (PURPOSE,))
        toll.agreements += 1
        token = world.token(CLIENT)
        for name, grant in grants.items():
            view = _View(world, grant, raw[name])
            for _ in range(REQUESTS // len(grants)):
                asked = _asked(chance, view)
                answer = world.api.get(f"/v1/{name}", token, **asked.parameters)
                assert answer.status_code == 200, (asked.parameters, answer.text)
                toll.answered += 1
                if not answer.content.startswith(view.expected(asked)):
                    toll.otherwise.append(f"{name} {asked.parameters}")
    return toll


# --- random agreements ------------------------------------------------------------------------------------------------


def _document(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(file)
    return found


def _shared(file: Path) -> Mapping[ResourceName, Sequence[str]]:
    [schedule] = _document(file)["schedules"]
    return {
        ResourceName(name): [path for path, treatment in resource["elements"].items() if treatment == "share"]
        for name, resource in schedule["resources"].items()
    }


def _agreement(chance: random.Random, world: World) -> Mapping[str, Any]:
    document = _document(EVERYTHING)
    [schedule] = document["schedules"]
    document |= {
        "id": AGREEMENT,
        "parties": {"lakeside": document["parties"]["lakeside"], PARTNER: document["parties"]["stateboard"]},
        "code_lists": {"groups": {"title": "Groups", "groups": GROUPS}},
    }
    schedule["recipient"] = PARTNER
    schedule["legal_basis"]["designated_representative"] = document["parties"][PARTNER]["name"]
    shared = _shared(EVERYTHING)
    schedule["resources"] = {
        name: _resource(chance, world.gateway.catalog.resources[name], shared[name])
        for name in chance.sample(sorted(shared), chance.randrange(1, len(shared) + 1))
    }
    return document


def _resource(chance: random.Random, resource: Resource, shared: Sequence[str]) -> Mapping[str, Any]:
    paths = chance.sample(list(shared), chance.randrange(1, len(shared) + 1))
    found: dict[str, Any] = {"elements": {path: _treatment(chance, resource, path) for path in paths}}
    rows = chance.sample(_row_scopes(chance, resource.name), chance.choice((0, 0, 1, 2)))
    if rows:
        found |= {"rows": rows, "discloses": sorted({row["element"] for row in rows})}
    return found


def _treatment(chance: random.Random, resource: Resource, path: str) -> object:
    element = resource.element(path)
    assert element is not None
    if element.sensitivity == "direct_identifier":
        masks = [{"mask": "initial"}, {"mask": "last_four"}, "share"]
        return chance.choice([*masks, "pseudonymise", "pseudonymise"] if resource.key_space_of(element) else masks)
    treatments: list[object] = ["share"]
    match element.type:
        case "date":
            treatments += [{"generalise": "year"}, {"generalise": "month"}]
            if path == "birthDate":
                treatments.append({"generalise": {"age_band": chance.choice((5, 10))}})
        case "number" | "integer":
            treatments += [{"generalise": {"round": 10}}, {"generalise": {"band": 50}}]
            treatments += [{"generalise": {"top_code": 300}}, {"generalise": {"bottom_code": 100}}]
        case "descriptor":
            treatments.append({"generalise": {"roll_up": "groups"}})
        case "string" if path.endswith("postalCode"):
            treatments.append({"generalise": "zip3"})
    return chance.choice(treatments)


def _row_scopes(chance: random.Random, resource: ResourceName) -> list[dict[str, Any]]:
    if resource == "candidates":
        return [
            {"element": "birthDate", chance.choice(("at_least", "at_most")): f"{chance.randrange(1985, 2004)}-06-15"},
            {"element": "sexDescriptor", "in": ["uri://ed-fi.org/SexDescriptor#Female", "uri://ed-fi.org/SexDescriptor#Male"]},
            {"element": "hispanicLatinoEthnicity", "present": chance.choice((True, False))},
        ]
    return [
        {"element": "schoolReference.schoolId", chance.choice(("at_least", "at_most")): chance.randrange(600_105, 600_138)},
        {"element": "endDate", "present": chance.choice((True, True, False))},
        {"element": "hoursCompleted", chance.choice(("at_least", "at_most")): chance.randrange(100, 500)},
        {"element": "beginDate", chance.choice(("at_least", "at_most")): f"2026-0{chance.randrange(8, 10)}-01"},
    ]


# --- random requests --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """One request, and what it says."""

    select: Sequence[str]
    filter: Filter | None
    sort: Sequence[SortBy]
    limit: int
    count: bool

    @property
    def parameters(self) -> Mapping[str, str]:
        found = {"purpose": PURPOSE, "limit": str(self.limit)}
        if self.select:
            found["select"] = ",".join(self.select)
        if self.filter is not None:
            found["filter"] = spelled(self.filter)
        if self.sort:
            found["sort"] = ",".join("-" * by.descending + by.path for by in self.sort)
        return found | ({"count": "exact"} if self.count else {})


def _asked(chance: random.Random, view: _View) -> Asked:
    paths = list(view.grant.elements)
    select = chance.sample(paths, chance.randrange(1, len(paths) + 1)) if chance.random() < 0.4 else []
    filter_ = _filter(chance, view, 2) if view.kinds and chance.random() < 0.7 else None
    sortable = [path for path, kind in view.kinds.items() if kind.sortable]
    sort = [
        SortBy(ElementPath(path), chance.random() < 0.5)
        for path in chance.sample(sortable, min(len(sortable), chance.randrange(3)))
    ]
    return Asked(select, filter_, sort, chance.choice((1, 3, 10, 1000)), chance.random() < 0.3)


def _filter(chance: random.Random, view: _View, deepest: int) -> Filter:
    if deepest == 0 or chance.random() < 0.5:
        path = chance.choice(list(view.kinds))
        kind = view.kinds[path]
        operator: Any = chance.choice(kind.operators)
        most = {"isnull": 0, "in": chance.randrange(1, 4)}.get(operator, 1)
        seen = view.seen(path) or [kind.literal]
        values = tuple(_written(chance.choice(seen)) for _ in range(most))
        return Comparison(ElementPath(path), operator, values, 1)
    if chance.random() < 0.3:
        return Not(_filter(chance, view, deepest - 1))
    parts = tuple(_filter(chance, view, deepest - 1) for _ in range(chance.choice((2, 3))))
    return Joined(chance.choice(("and", "or")), parts)


def _written(value: object) -> Written:
    match value:
        case bool():
            return Written("boolean", "true" if value else "false")
        case int() | float():
            return Written("number", repr(value))
        case date():
            return Written("date", value.isoformat())
        case _:
            return Written("text", str(value))


# --- the plain reading ------------------------------------------------------------------------------------------------


class _View:
    """What one grant lets be seen of the rows, read plainly."""

    def __init__(self, world: World, grant: Grant, rows: Sequence[Raw]) -> None:
        self.grant = grant
        self._resource = world.gateway.catalog.resources[grant.resource]
        key = world.gateway.ring.agreement(AGREEMENT, LAKESIDE).pseudonyms[0].key.secret
        self._pseudonyms = Pseudonyms(key)
        self._today = world.now.date()
        self._notice = NOTICE
        self._rows = [self._treated(row) for row in rows if all(_in_rows(row, predicate) for predicate in grant.rows)]
        self.kinds = {path: kind for path in grant.elements if (kind := self._kind(path)) is not None}

    def seen(self, path: str) -> Sequence[object]:
        """Values as a client writes them: a day that is shared is a day."""
        found = [value for row in self._rows for value in (row[path] if isinstance(row[path], list) else [row[path]])]
        days = self._element(path).type == "date" and isinstance(self.grant.elements[ElementPath(path)], Share)
        return [date.fromisoformat(str(value)) if days else value for value in found if value is not None]

    def expected(self, asked: Asked) -> bytes:
        """The answer up to the cursors."""
        found = ordered(kept(self._rows, asked.filter), asked.sort)[: asked.limit]
        selected = asked.select or list(self.grant.elements)
        written = b",".join(orjson.dumps(self._written(row, selected)) for row in found)
        return b'{"notice":%b,"data":[%b],"next":' % (orjson.dumps(self._notice), written)

    def _element(self, path: str) -> Element:
        element = self._resource.element(path)
        assert element is not None
        return element

    def _kind(self, path: ElementPath) -> Kind | None:
        """As what the treated value is compared; None for names, addresses and what is masked."""
        element, treatment = self._element(path), self.grant.elements[path]
        listed = "." in path and path.partition(".")[0] in self._resource.collections
        match treatment:
            case Pseudonymise():
                return Kind(EQUAL, "0" * 32, sortable=False)
            case Share() if element.sensitivity == "direct_identifier":
                return Kind(EQUAL, "LU000001", sortable=False) if path.endswith(NUMBERED) else None
            case MaskText():
                return None
            case Generalise("age_band" | "band" | "roll_up"):
                return Kind(EQUAL, "none", sortable=False)
            case Generalise("year"):
                return Kind(ORDERED, 1999, sortable=not listed)
            case Generalise("month" | "zip3"):
                return Kind(TEXT, "1999-01", sortable=not listed)
        match element.type:
            case "boolean":
                return Kind(EQUAL, True, sortable=not listed)
            case "integer" | "number":
                return Kind(ORDERED, 7, sortable=not listed)
            case "date":
                return Kind(ORDERED, date(2000, 1, 1), sortable=not listed)
            case _:
                return Kind(TEXT, "text", sortable=not listed)

    def _treated(self, row: Raw) -> Record:
        treated: dict[str, Any] = {"record": row.record, "lists": {}}
        for path in self.grant.elements:
            if "." not in path or path.partition(".")[0] not in self._resource.collections:
                treated[path] = self._value(path, row.values.get(path), row.surrogates.get(path))
        for name, collection in self._resource.collections.items():
            paths = [path for path in collection.elements if path in self.grant.elements]
            if paths:
                members = [{path: self._value(path, member.get(path), None) for path in paths} for member in row.lists[name]]
                treated["lists"][name] = members
                for path in paths:
                    treated[path] = [member[path] for member in members]
        return treated

    def _value(self, path: str, value: Value, surrogate: int | None) -> Value:
        treatment = self.grant.elements[ElementPath(path)]
        if isinstance(treatment, Pseudonymise):
            return self._pseudonyms.of([surrogate], str(self._resource.key_space_of(self._element(path))))[0]
        return treated_value(value, treatment, self._today, {"groups": GROUP_OF})

    def _written(self, row: Record, selected: Collection[str]) -> Mapping[str, Any]:
        """A record in Ed-Fi's nesting and the catalog's order; of members that look alike one, and none that shows nothing."""
        written: dict[str, Any] = {}
        for path in self._resource.elements:
            if path in selected:
                _put(written, path, row[path])
        for name, collection in self._resource.collections.items():
            paths = [path for path in collection.elements if path in selected]
            if paths:
                members = [tuple(member[path] for path in paths) for member in row["lists"][name]]
                written[name] = [_nested(paths, member) for member in _told_apart(members)]
        return written


def _told_apart(members: Sequence[tuple[Value, ...]]) -> Sequence[tuple[Value, ...]]:
    shown = [member for member in members if any(value is not None for value in member)]
    return sorted(set(shown), key=lambda member: [(value is not None, str(value)) for value in member])


def _nested(paths: Sequence[str], member: Sequence[Value]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for path, value in zip(paths, member, strict=True):
        _put(found, path.partition(".")[2], value)
    return found


def _put(record: dict[str, Any], path: str, value: object) -> None:
    *names, last = path.split(".")
    for name in names:
        record = record.setdefault(name, {})
    record[last] = value


def _in_rows(row: Raw, predicate: StatedPredicate) -> bool:
    assert isinstance(predicate, RowPredicate)
    value: Any = row.values.get(predicate.element)
    if predicate.comparison == "present":
        return (value is not None) is predicate.values[0]
    if value is None:
        return False
    first: Any = predicate.values[0]
    match predicate.comparison:
        case "in":
            return value in predicate.values
        case "at_least":
            return bool(value >= first)
        case "at_most":
            return bool(value <= first)
        case _:
            return bool(value == first)


def _opened(world: World, resource: Resource) -> Iterator[Raw]:
    """Every stored row, which is of one version here, in the order of the records."""
    tables = world.gateway.tables[resource.name]
    with world.gateway.database.read() as connection:
        lists = {
            name: _by_record(_plain(world, table, rows), resource.collections[name].elements.values())
            for name, table in tables.members.items()
            for rows in [connection.execute(select(table).order_by(table.c.record_id, table.c.ordinal)).all()]
        }
        rows = connection.execute(select(tables.rows).order_by(tables.rows.c.record_id)).all()
    for row in _plain(world, tables.rows, rows):
        yield Raw(
            row["record_id"],
            {element.path: _value_of(row, element) for element in resource.elements.values()},
            {element.path: _surrogate(row, resource, element) for element in resource.elements.values()},
            {name: lists.get(name, {}).get(row["record_id"], []) for name in resource.collections},
        )


def _plain(world: World, table: Table, found: Iterable[Row[Any]]) -> Iterator[Mapping[str, Any]]:
    sealer = Sealer(world.gateway.ring.provider(LAKESIDE).data, table.name)
    for row in (dict(one._mapping) for one in found):
        blob = row.get("sealed")
        yield {**row, **(orjson.loads(sealer.unseal(bytes(blob), place(row))) if blob else {})}


def _by_record(members: Iterable[Mapping[str, Any]], elements: Iterable[Element]) -> Mapping[int, list[Mapping[str, Value]]]:
    known, found = list(elements), defaultdict[int, list[Mapping[str, Value]]](list)
    for member in members:
        found[member["record_id"]].append({element.path: _value_of(member, element) for element in known})
    return found


def _value_of(row: Mapping[str, Any], element: Element) -> Value:
    value = row.get(element.path, row.get(element.column))
    return value.isoformat() if isinstance(value, date) else value


def _surrogate(row: Mapping[str, Any], resource: Resource, element: Element) -> int | None:
    if element.stands_for is None:
        return None
    found: int | None = row["record_id"] if element.stands_for == "self" else row[resource.references[element.stands_for].column]
    return found
