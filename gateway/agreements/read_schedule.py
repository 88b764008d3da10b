"""Read the schedules of an agreement file: for each resource the rows, the legal bases and the treatment of each element."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast, get_args

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from gateway.catalog.model import Catalog, Element, Resource
from gateway.domain.access import Scalar
from gateway.domain.agreement import BASES, PURPOSES, SLUG, Grant, Party
from gateway.domain.decision import Comparison, LegalBasis, RowPredicate
from gateway.domain.identifiers import ElementPath, InstitutionId
from gateway.domain.treatments import (
    AggregateOnly,
    Generalisation,
    Generalise,
    Mask,
    MaskText,
    Pseudonymise,
    Share,
    Treatment,
    Withhold,
)
from gateway.domain.yaml_nodes import Entry, NodeReader, nearest

_SCHEDULE = ("id", "provider", "recipient", "legal_basis", "purposes", "resources")
_RESOURCE = ("purposes", "legal_basis", "persons", "rows", "elements")
_PLAIN: Mapping[str, Treatment] = {
    "share": Share(),
    "pseudonymise": Pseudonymise(),
    "aggregate_only": AggregateOnly(),
    "withhold": Withhold(),
}
_SCHOOL_OFFICIAL = ("institutional_function", "direct_control", "legitimate_interest")
_STUDENTS = frozenset({"candidate", "alumnus", "k12_student"})
_NOT_A_RECORD = "none_not_education_record"
_WHOLE = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class _Terms:
    """What a schedule says once for all of its resources."""

    schedule: str
    provider: InstitutionId
    recipient: InstitutionId
    basis: LegalBasis | None
    purposes: tuple[str, ...]


class ScheduleReader:
    """Reads schedules against the catalog and the parties; what does not fit is noted in the node reader."""

    def __init__(self, reader: NodeReader, catalog: Catalog, parties: Mapping[InstitutionId, Party]) -> None:
        self._reader = reader
        self._catalog = catalog
        self._parties = parties

    def read(self, entry: Entry) -> tuple[Grant, ...]:
        """One grant for each resource of each schedule."""
        grants: list[Grant] = []
        ids: set[str] = set()
        for node in self._reader.items(entry.value, "schedules"):
            parts = self._reader.entries(node, "a schedule", _SCHEDULE, _SCHEDULE)
            if not set(_SCHEDULE) <= parts.keys():
                continue
            terms = self._terms(parts)
            if terms.schedule in ids:
                self._reader.problem(parts["id"].value, f'schedule "{terms.schedule}" stands twice')
            ids.add(terms.schedule)
            for item in self._reader.entries(parts["resources"].value, "resources").values():
                grant = self._grant(item, terms)
                if grant is not None:
                    grants.append(grant)
        if not grants and not self._reader.problems:
            self._reader.problem(entry.value, "an agreement has a schedule with a resource")
        return tuple(grants)

    def _terms(self, parts: Mapping[str, Entry]) -> _Terms:
        identifier = self._reader.text(parts["id"].value, "id") or ""
        if not re.match(SLUG, identifier):
            self._reader.problem(parts["id"].value, "the id of a schedule must be small letters, digits and hyphens")
        provider = self._party(parts["provider"])
        recipient = self._party(parts["recipient"])
        if provider == recipient and provider:
            self._reader.problem(parts["recipient"].value, "provider and recipient are the same institution")
        purposes = []
        for item in self._reader.entries(parts["purposes"].value, "purposes").values():
            self._known_purpose(item.key, item.name)
            self._reader.entries(item.value, f"purpose {item.name}", ("legitimate_interest",), ("legitimate_interest",))
            purposes.append(item.name)
        if not purposes:
            self._reader.problem(parts["purposes"].value, "a schedule names one purpose or more")
        return _Terms(
            identifier,
            InstitutionId(provider),
            InstitutionId(recipient),
            self._basis(parts["legal_basis"]),
            tuple(sorted(purposes)),
        )

    def _party(self, entry: Entry) -> str:
        return self._reader.choice(entry.value, "party of this agreement", tuple(self._parties)) or ""

    def _known_purpose(self, node: Node, name: str) -> None:
        if name not in PURPOSES:
            self._reader.problem(node, f'"{name}" is not a purpose: {", ".join(PURPOSES)}{nearest(name, PURPOSES)}')

    def _basis(self, entry: Entry) -> LegalBasis | None:
        parts = self._reader.entries(entry.value, "legal_basis", None, ("basis", "citation"))
        if "basis" not in parts or "citation" not in parts:
            return None
        basis = self._reader.choice(parts["basis"].value, "legal basis", tuple(BASES))
        citation = self._reader.text(parts["citation"].value, "citation")
        for name, item in parts.items():
            self._reader.text(item.value, name)
        if basis == "a1_school_official":
            for name in _SCHOOL_OFFICIAL:
                if name not in parts:
                    self._reader.problem(
                        entry.value, f'a school official (34 CFR 99.31(a)(1)(i)(B)) needs "{name}" in words; add it to legal_basis'
                    )
        return LegalBasis(basis, citation) if basis and citation else None

    def _grant(self, entry: Entry, terms: _Terms) -> Grant | None:
        reader = self._reader
        resource = self._catalog.resource(entry.name)
        if resource is None:
            reader.problem(entry.key, f'"{entry.name}" is not a resource{nearest(entry.name, self._catalog.resources)}')
            return None
        parts = reader.entries(entry.value, entry.name, _RESOURCE, ("elements",))
        if "elements" not in parts:
            return None
        elements = self._elements(parts["elements"], resource)
        purposes = self._purposes(parts["purposes"], terms) if "purposes" in parts else terms.purposes
        basis = self._basis(parts["legal_basis"]) if "legal_basis" in parts else terms.basis
        persons = self._persons(parts.get("persons"), resource, basis, entry)
        rows = self._rows(parts["rows"], resource, elements) if "rows" in parts else ()
        if basis is None:
            return None
        return Grant(
            schedule=terms.schedule,
            provider=terms.provider,
            recipient=terms.recipient,
            resource=resource.name,
            purposes=purposes,
            basis=basis,
            persons=persons,
            rows=rows,
            elements=elements,
        )

    def _purposes(self, entry: Entry, terms: _Terms) -> tuple[str, ...]:
        found = (
            self._reader.choice(node, "purpose of this schedule", terms.purposes)
            for node in self._reader.items(entry.value, "purposes")
        )
        return tuple(sorted(purpose for purpose in found if purpose))

    def _persons(self, entry: Entry | None, resource: Resource, basis: LegalBasis | None, place: Entry) -> dict[str, LegalBasis]:
        """The basis for each person of a row: the resource's own unless the agreement names another for that person."""
        named: dict[str, LegalBasis] = {}
        nodes: dict[str, Node] = {}
        for item in self._reader.entries(entry.value, "persons", tuple(resource.persons)).values() if entry else ():
            parts = self._reader.entries(item.value, f"person {item.name}", ("legal_basis",), ("legal_basis",))
            own = self._basis(parts["legal_basis"]) if "legal_basis" in parts else None
            if own is not None:
                named[item.name], nodes[item.name] = own, item.key
        if basis is None:
            return {}
        persons = {role: named.get(role, basis) for role in resource.persons}
        for role, own in persons.items():
            if own.basis == _NOT_A_RECORD and _STUDENTS & set(resource.persons[role].subject_types) and role not in named:
                self._reader.problem(
                    nodes.get(role, place.key),
                    f"{resource.name} has records of students ({role}), which are education records where a school maintains them; "
                    f"name another legal basis, or this one under persons: {role} when none of the rows is a student's",
                )
        return persons

    def _elements(self, entry: Entry, resource: Resource) -> dict[ElementPath, Treatment]:
        known = {element.path: element for element in resource.every_element()}
        elements: dict[ElementPath, Treatment] = {}
        for item in self._reader.entries(entry.value, "elements").values():
            element = known.get(ElementPath(item.name))
            if element is None:
                self._reader.problem(item.key, f'"{item.name}" is not an element of {resource.name}{nearest(item.name, known)}')
                continue
            treatment = self._treatment(item)
            if treatment is None:
                continue
            unfit = _unfit(element, treatment)
            if unfit:
                self._reader.problem(item.value, unfit)
            elements[element.path] = treatment
        if not elements and not self._reader.problems:
            self._reader.problem(
                entry.value, f"name the elements of {resource.name} that are shared; what is not named is withheld"
            )
        return elements

    def _treatment(self, entry: Entry) -> Treatment | None:
        if isinstance(entry.value, ScalarNode):
            word = self._reader.choice(entry.value, "treatment", (*_PLAIN, "generalise", "mask"))
            if word in {"generalise", "mask"}:
                example = "{generalise: year}" if word == "generalise" else "{mask: last_four}"
                self._reader.problem(entry.value, f"{word} needs to know how: write {example}")
                return None
            return _PLAIN.get(word) if word else None
        parts = self._reader.entries(entry.value, f"treatment of {entry.name}", ("generalise", "mask"))
        if len(parts) != 1:
            self._reader.problem(entry.value, "a treatment is one word, or {generalise: year}, {mask: last_four}, {mask: initial}")
            return None
        if "generalise" in parts:
            to = self._reader.choice(parts["generalise"].value, "generalisation", get_args(Generalisation))
            return Generalise(cast(Generalisation, to)) if to else None
        keep = self._reader.choice(parts["mask"].value, "mask", get_args(Mask))
        return MaskText(cast(Mask, keep)) if keep else None

    def _rows(self, entry: Entry, resource: Resource, elements: Mapping[ElementPath, Treatment]) -> tuple[RowPredicate, ...]:
        predicates = []
        for node in self._reader.items(entry.value, "rows"):
            parts = self._reader.entries(node, "a row condition", ("element", *get_args(Comparison)), ("element",))
            comparisons = [name for name in parts if name != "element"]
            if "element" not in parts:
                continue
            if len(comparisons) != 1:
                self._reader.problem(node, f"a row condition has one comparison: {', '.join(get_args(Comparison))}")
                continue
            path = self._reader.text(parts["element"].value, "element") or ""
            element = resource.elements.get(ElementPath(path))
            if element is None:
                self._reader.problem(
                    parts["element"].value,
                    f'"{path}" is not an element of {resource.name} itself{nearest(path, resource.elements)}',
                )
                continue
            if element.sealed or element.sensitivity == "prohibited":
                self._reader.problem(parts["element"].value, f'rows cannot be chosen by "{path}": it identifies people')
                continue
            comparison = cast(Comparison, comparisons[0])
            values = self._values(parts[comparison], comparison, element)
            if values is not None:
                predicates.append(RowPredicate(element.path, comparison, values))
        return tuple(predicates)

    def _values(self, entry: Entry, comparison: Comparison, element: Element) -> tuple[Scalar, ...] | None:
        nodes = self._reader.items(entry.value, "in") if comparison == "in" else (entry.value,)
        if isinstance(entry.value, MappingNode):
            self._reader.problem(entry.value, f"{comparison} takes a value")
            return None
        values = [self._value(node, "boolean" if comparison == "present" else element.type) for node in nodes]
        return None if None in values else tuple(value for value in values if value is not None)

    def _value(self, node: Node, kind: str) -> Scalar | None:
        text = self._reader.text(node, "value")
        if text is None:
            return None
        try:
            match kind:
                case "boolean":
                    return {"true": True, "false": False}[text]
                case "integer" if _WHOLE.fullmatch(text):
                    return int(text)
                case "number":
                    return float(text)
                case "date":
                    return date.fromisoformat(text).isoformat()
                case "string" | "descriptor" | "datetime":
                    return text
        except (ValueError, KeyError):
            pass
        self._reader.problem(node, f'"{text}" is not a {kind}, which this condition compares with')
        return None


def _unfit(element: Element, treatment: Treatment) -> str | None:
    """Why a treatment cannot be done to an element, and what can."""
    if element.sensitivity == "prohibited" and not isinstance(treatment, Withhold):
        return f'"{element.path}" is never shared nor stored; leave it out'
    match treatment:
        case Pseudonymise() if element.stands_for is None:
            return f'"{element.path}" cannot hold a pseudonym: it is no identifier of 32 characters or more. Withhold or share it'
        case Generalise() if element.type != "date":
            return f'"{element.path}" is a {element.type}; only a date can be generalised to its year'
        case MaskText() if element.type != "string":
            return f'"{element.path}" is a {element.type}; only a text can be masked'
        case _:
            return None
