"""Preview (pure): what an agreement that is nowhere in force yet would let out of a sample of real rows.

For the provider's own staff: they see their own records before and after. Nothing of the sample is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.catalog.model import Catalog, Resource
from gateway.domain.access import Scalar
from gateway.domain.agreement import Agreement, Grant
from gateway.domain.grant_facts import grant_facts, plain_rows
from gateway.domain.identifiers import ElementPath, InstitutionId, ResourceName
from gateway.domain.records import EducationRecord
from gateway.domain.treatments import AggregateOnly, Generalise, Pseudonymise, ReturnOwnId, Treatment, Withhold
from gateway.redact.by_value import treated_value

Sample = Mapping[ResourceName, Sequence[EducationRecord]]
"""By resource: the rows that were pulled, also of the resources that row conditions look into."""


@dataclass(frozen=True)
class Shown:
    """One record that would be visible: each element's value, what becomes of it, and whether no agreement in force shows it."""

    elements: tuple[tuple[ElementPath, Scalar | None, Scalar | None], ...]
    newly_visible: bool


@dataclass(frozen=True)
class JoinRisk:
    """Another agreement of the same recipient: which columns both show alike, and how many of the visible rows only one
    combination of them has, so that they could be linked one to one."""

    agreement: str
    columns: tuple[ElementPath, ...]
    alone: int


@dataclass(frozen=True)
class Preview:
    """`rows` were pulled, `visible` would be seen, `newly_visible` of them under no agreement that is in force.

    `smallest_groups` are the sizes of the smallest groups that share all quasi-identifiers, `alone_in_small_groups` how many
    visible rows stand in a group below the agreement's smallest cell. `unmapped` counts codes that a code list does not have.
    """

    resource: ResourceName
    purposes: tuple[str, ...]
    rows: int
    visible: int
    newly_visible: int
    shown: tuple[Shown, ...]
    quasi_identifiers: tuple[ElementPath, ...]
    smallest_groups: tuple[int, ...]
    in_small_groups: int
    unmapped: Mapping[str, int]
    join_risks: tuple[JoinRisk, ...]


@dataclass(frozen=True)
class InForce:
    """A grant that is in force for the same recipient and resource, as its facts on the day of the preview."""

    agreement: str
    rows: Sequence[Mapping[str, Any]]
    elements: Mapping[str, Mapping[str, object]]


def preview(
    agreement: Agreement,
    grant: Grant,
    catalog: Catalog,
    sample: Sample,
    in_force: Iterable[InForce],
    today: date,
    most: int,
    redacted: Callable[[str], str | None],
) -> Preview:
    """What a recipient would see of the sample on a day; `most` records are shown whole, `redacted` gives what is seen of a free
    text. Consents and opt-outs are not applied: the people of a sample are nobody whom the gateway knows."""
    resource = catalog.resources[grant.resource]
    facts = grant_facts(agreement, 0, grant)
    rows = plain_rows(facts["rows"], today, [last for _, last in agreement.academic_terms])  # type: ignore[arg-type]
    records = sample.get(grant.resource, ())
    scope = _Scope(catalog, sample)
    visible = [record for record in records if rows is not None and scope.holds(record, rows)]
    others = list(in_force)
    own = [other for other in others if other.agreement == agreement.id]
    fresh = {id(record) for record in visible if not any(scope.holds(record, other.rows) for other in own)}
    seen = [_seen(record, grant, resource, today, agreement.code_lists, redacted) for record in visible]
    quasi = tuple(element.path for element in resource.elements.values() if _narrows_down(element.sensitivity, grant, element.path))
    groups = Counter(tuple(row[path] for path in quasi) for row in seen) if quasi else Counter[tuple[object, ...]]()
    return Preview(
        resource=grant.resource,
        purposes=grant.purposes,
        rows=len(records),
        visible=len(visible),
        newly_visible=len(fresh),
        shown=tuple(
            Shown(tuple((path, _one(_values(record, path)), after) for path, after in row.items()), id(record) in fresh)
            for record, row in list(zip(visible, seen, strict=True))[:most]
        ),
        quasi_identifiers=quasi,
        smallest_groups=tuple(sorted(groups.values())[:most]),
        in_small_groups=sum(size for size in groups.values() if size < agreement.minimum_cell_size),
        unmapped=_unmapped(visible, grant, agreement.code_lists),
        join_risks=tuple(_join_risk(other, grant, facts, seen, resource) for other in others if other.agreement != agreement.id),
    )


def grant_for(agreement: Agreement, resource: ResourceName, recipient: InstitutionId | None) -> Sequence[Grant]:
    """The grants of a resource, to one recipient where it is named."""
    return [grant for grant in agreement.grants if grant.resource == resource and recipient in (None, grant.recipient)]


class _Scope:
    """Whether a record of the sample meets plain row conditions; related rows are found through the person's natural key."""

    def __init__(self, catalog: Catalog, sample: Sample) -> None:
        self._catalog = catalog
        self._sample = sample

    def holds(self, record: EducationRecord, rows: Sequence[Mapping[str, Any]]) -> bool:
        return all(self._meets(record, row) for row in rows)

    def _meets(self, record: EducationRecord, row: Mapping[str, Any]) -> bool:
        if "roster" in row:
            # Whom the recipient will list is not known yet: whoever could be listed is shown.
            return record.elements.get(ElementPath(row["roster"])) is not None
        if "related" not in row:
            return _compares(record.elements.get(ElementPath(row["element"])), row["comparison"], row["values"])
        person = self._person(record, row["about"])
        other = self._catalog.resources[ResourceName(row["related"])]
        role = row["about"] if row["about"] in other.persons else next(iter(other.persons))
        return person is not None and any(
            self._person(related, role) == person and self.holds(related, row["where"])
            for related in self._sample.get(other.name, ())
        )

    def _person(self, record: EducationRecord, role: str) -> tuple[Scalar | None, ...] | None:
        resource = self._catalog.resources[record.resource]
        person = resource.persons.get(role)
        if person is None:
            return None
        members = resource.identity if person.via == "self" else resource.references[person.via].members
        key = tuple(record.elements.get(path) for path in members)
        return None if None in key else key


def _compares(value: Scalar | None, comparison: str, values: Sequence[Scalar]) -> bool:
    if comparison == "present":
        return (value is not None) is values[0]
    if value is None:
        return False
    match comparison:
        case "at_least":
            return value >= values[0]  # type: ignore[operator]
        case "at_most":
            return value <= values[0]  # type: ignore[operator]
        case _:
            return value in values


def _seen(
    record: EducationRecord,
    grant: Grant,
    resource: Resource,
    today: date,
    code_lists: Mapping[str, Mapping[str, str]],
    redacted: Callable[[str], str | None],
) -> dict[ElementPath, Scalar | None]:
    return {
        element.path: _one(
            treated_value(value, grant.elements[element.path], today, code_lists, redacted)
            for value in _values(record, element.path)
        )
        for element in resource.every_element()
        if not isinstance(_treatment(grant, element.path), Withhold | AggregateOnly)
    }


def _treatment(grant: Grant, path: ElementPath) -> Treatment:
    return grant.elements.get(path, Withhold())


def _narrows_down(sensitivity: str, grant: Grant, path: ElementPath) -> bool:
    """Whether a visible element, with others, can point at a person who is not named."""
    shown = not isinstance(_treatment(grant, path), Withhold | AggregateOnly | Pseudonymise | ReturnOwnId)
    return shown and sensitivity in {"quasi_identifier", "sensitive"}


def _unmapped(records: Iterable[EducationRecord], grant: Grant, code_lists: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    rolled = {path: str(t.by) for path, t in grant.elements.items() if isinstance(t, Generalise) and t.to == "roll_up"}
    found: Counter[str] = Counter()
    for record in records:
        for path, name in rolled.items():
            for code in _values(record, path):
                if code is not None and str(code) not in code_lists.get(name, {}):
                    found[f"{path}: {code}"] += 1
    return dict(found.most_common())


def _values(record: EducationRecord, path: ElementPath) -> Iterable[Scalar | None]:
    collection, _, inner = path.partition(".")
    if collection in record.collections:
        return [member.get(inner) for member in record.collections[collection]]
    return [record.elements.get(path)]


def _one(values: Iterable[Scalar | None]) -> Scalar | None:
    """A value, or the values of a collection's members in one text."""
    found = list(values)
    return found[0] if len(found) == 1 else "; ".join(str(value) for value in found if value is not None) or None


def _join_risk(
    other: InForce, grant: Grant, facts: Mapping[str, Any], seen: Sequence[Mapping[ElementPath, Scalar | None]], resource: Resource
) -> JoinRisk:
    mine: Mapping[str, object] = facts["elements"]
    columns = tuple(
        element.path
        for element in resource.elements.values()
        if mine.get(element.path) is not None
        and mine[element.path] == other.elements.get(element.path)
        and not isinstance(_treatment(grant, element.path), Withhold | AggregateOnly | Pseudonymise | ReturnOwnId)
    )
    groups = Counter(tuple(row[path] for path in columns) for row in seen) if columns else Counter[tuple[object, ...]]()
    return JoinRisk(other.agreement, columns, sum(1 for size in groups.values() if size == 1))
