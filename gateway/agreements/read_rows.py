"""Read which rows of a resource are in: conditions over its elements, over related records, and the short forms for both."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast, get_args

from ruamel.yaml.nodes import MappingNode, Node

from gateway.agreements.read_basis import Ground
from gateway.agreements.read_clauses import LARGEST_NUMBER
from gateway.catalog.model import Element, Resource
from gateway.domain.access import Scalar
from gateway.domain.agreement import Party
from gateway.domain.decision import AheadPredicate, Comparison, RelatedPredicate, RosterPredicate, RowPredicate, StatedPredicate
from gateway.domain.identifiers import ElementPath, InstitutionId, ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader

FURTHEST_DAYS, MOST_TERMS = 3660, 30
_ORDERED = frozenset({"integer", "number", "date", "datetime"})
_WHOLE = re.compile(r"-?[0-9]{1,16}")
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,4})?")
_COMPARISONS = (*get_args(Comparison), "within")
_EXAMPLE = "write {element: E, equals: V}, or in, at_least, at_most, present, within"

_KINDS = {
    "date": ("a day", "as in 2026-07-01"),
    "boolean": ("true or false", "without quotes"),
    "integer": ("a whole number", "as in 42"),
    "number": ("a number", "as in 3.5"),
}

Unit = Literal["days", "terms"]
_FURTHEST: Mapping[Unit, int] = {"days": FURTHEST_DAYS, "terms": MOST_TERMS}


@dataclass(frozen=True)
class Relation:
    """A short form: some record of `resource` whose `element` is one of the recipient's organisations, one of the named
    `programs`, or ends within `terms`."""

    resource: ResourceName
    element: ElementPath
    takes: str = ""


RELATIONS: Mapping[str, Relation] = {
    "placed_in_our_schools": Relation(ResourceName("fieldworkExperiences"), ElementPath("schoolReference.schoolId")),
    "applied_to_us": Relation(ResourceName("applications"), ElementPath("educationOrganizationReference.educationOrganizationId")),
    "hired_by_us": Relation(
        ResourceName("staffEducationOrganizationEmploymentAssociations"),
        ElementPath("educationOrganizationReference.educationOrganizationId"),
    ),
    "prepared_by_us": Relation(
        ResourceName("staffEducatorPreparationProgramAssociations"),
        ElementPath("educatorPreparationProgramReference.educationOrganizationId"),
    ),
    "in_programs": Relation(
        ResourceName("candidateEducatorPreparationProgramAssociations"),
        ElementPath("educatorPreparationProgramReference.programName"),
        "programs",
    ),
    "graduating": Relation(ResourceName("candidateEducatorPreparationProgramAssociations"), ElementPath("endDate"), "terms"),
}
"""What each `relation:` stands for (policies/agreements/README.md, Rows)."""
ROSTER = "in_the_roster_submitted"
"""The relation that stands for itself: which records it means is known once the recipient says them."""


class RowReader:
    """Reads the row conditions of one resource of a schedule."""

    def __init__(
        self,
        ground: Ground,
        resource: Resource,
        recipient: InstitutionId,
        code_lists: Mapping[str, Mapping[str, str]],
        academic_terms: tuple[tuple[str, date], ...],
    ) -> None:
        self._ground = ground
        self._reader: NodeReader = ground.reader
        self._resource = resource
        self._recipient = recipient
        self._code_lists = code_lists
        self._terms = academic_terms

    def read(self, entry: Entry) -> tuple[StatedPredicate, ...]:
        """The conditions in the order of the file; those that could not be read are left out."""
        read = [self._noted(node) for node in self._reader.items(entry.value, "rows")]
        stated = tuple(condition for condition in read if condition is not None)
        if len(set(self._rosters(stated, self._resource))) > 1:
            self._reader.problem(entry.key, "rows take rosters of different identifiers", "choose them by one roster")
        return stated

    def _rosters(self, stated: Sequence[StatedPredicate], resource: Resource) -> Iterator[ResourceName]:
        """What the rosters of these conditions list."""
        catalog = self._ground.catalog
        for condition in stated:
            if isinstance(condition, RelatedPredicate):
                yield from self._rosters(condition.where, catalog.resources[condition.resource])
            elif isinstance(condition, RosterPredicate):
                named = catalog.named_by(resource, resource.elements[condition.element])
                yield from () if named is None else (named.name,)

    def _noted(self, node: Node) -> StatedPredicate | None:
        """A condition, or a problem: one that fell away in silence would let more rows in."""
        before = len(self._reader.problems)
        condition = self._condition(node)
        if condition is None and len(self._reader.problems) == before:
            self._reader.problem(node, "this row condition says nothing that can be kept", _EXAMPLE)
        return condition

    def _condition(self, node: Node) -> StatedPredicate | None:
        if _says(node, "relation"):
            return self._relation(node)
        return self._related(node) if _says(node, "related") else self._plain(node, self._resource)

    def _related(self, node: Node) -> RelatedPredicate | None:
        parts = self._reader.entries(node, "a related condition", ("related", "about", "where"), ("related", "where"))
        related = self._related_resource(parts["related"].value) if "related" in parts else None
        if related is None or "where" not in parts:
            return None
        about = self._about(node, related, parts.get("about"))
        where = [self._inner(inner, related) for inner in self._reader.items(parts["where"].value, "where")]
        read = tuple(condition for condition in where if condition is not None)
        return RelatedPredicate(related.name, about, read) if about and read else None

    def _inner(self, node: Node, related: Resource) -> RowPredicate | AheadPredicate | RosterPredicate | None:
        """A condition over the related resource: a plain one, or the roster."""
        if not _says(node, "relation"):
            return self._plain(node, related)
        parts = self._reader.entries(node, "a relation of related records", ("relation", "by"), ("relation", "by"))
        if (
            "relation" not in parts
            or self._reader.choice(parts["relation"].value, "relation of related records", (ROSTER,)) is None
        ):
            return None
        return self._roster(node, parts, related)

    def _related_resource(self, node: Node) -> Resource | None:
        catalog = self._ground.catalog
        name = self._reader.choice_of_many(node, "resource", catalog.resources, "the data dictionary lists the resources")
        return catalog.resource(name) if name else None

    def _about(self, node: Node, related: Resource, about: Entry | None) -> str | None:
        """The person of this row who also has the related record; the only one that can be where the file names none."""
        theirs = {kind for person in related.persons.values() for kind in person.subject_types} - {"nobody"}
        sharing = [role for role, person in self._resource.persons.items() if theirs & set(person.subject_types)]
        if about is not None:
            named = self._reader.choice(about.value, f"person of {self._resource.name}", tuple(self._resource.persons))
            if named is None or named in sharing:
                return named
            self._reader.problem(
                about.value, f"{related.name} has no records about a {named} of {self._resource.name}", _persons_fix(sharing)
            )
            return None
        if len(sharing) == 1:
            return sharing[0]
        if sharing:
            message = f"rows of {self._resource.name} are about several people who may have {related.name}"
            self._reader.problem(node, message, f"add about: {' or '.join(sharing)}")
        else:
            message = f"rows of {self._resource.name} and of {related.name} are about nobody in common"
            self._reader.problem(node, message, "remove the condition, or use an element of the resource itself")
        return None

    def _relation(self, node: Node) -> StatedPredicate | None:
        reader = self._reader
        parts = reader.entries(node, "a relation", ("relation", "about", "programs", "terms", "by"), ("relation",))
        name = reader.choice(parts["relation"].value, "relation", (*RELATIONS, ROSTER)) if "relation" in parts else None
        if name is None:
            return None
        takes = {"by"} if name == ROSTER else {RELATIONS[name].takes, "about"}
        for extra in sorted({"about", "programs", "terms", "by"} & parts.keys() - takes):
            reader.problem(parts[extra].key, f"{name} takes no {extra}", "remove it")
        if name == ROSTER:
            return self._roster(node, parts, self._resource)
        relation = RELATIONS[name]
        if relation.takes and relation.takes not in parts:
            example = "programs: [X, Y]" if relation.takes == "programs" else "terms: 2"
            reader.problem(node, f"{name} does not say which {relation.takes}", f"write {{relation: {name}, {example}}}")
            return None
        condition = self._stands_for(node, relation, parts)
        related = self._ground.catalog.resource(relation.resource)
        if condition is None or related is None:
            return None
        if related is self._resource:
            return condition
        about = self._about(node, related, parts.get("about"))
        return RelatedPredicate(related.name, about, (condition,)) if about else None

    def _roster(self, node: Node, parts: Mapping[str, Entry], resource: Resource) -> RosterPredicate | None:
        reader = self._reader
        naming = [element.path for element in resource.elements.values() if self._ground.catalog.named_by(resource, element)]
        if not naming:
            fix = "use an element of it, or related records that have one"
            reader.problem(node, f"{resource.name} has no identifier that a roster could list", fix)
            return None
        if "by" not in parts:
            reader.problem(node, f"{ROSTER} does not say by which identifier", f"write {{relation: {ROSTER}, by: {naming[0]}}}")
            return None
        by = reader.choice(parts["by"].value, f"key of {resource.name}", naming)
        return RosterPredicate(ElementPath(by)) if by else None

    def _stands_for(self, node: Node, relation: Relation, parts: Mapping[str, Entry]) -> RowPredicate | AheadPredicate | None:
        match relation.takes:
            case "programs":
                names = self._reader.texts(parts["programs"].value, "programs")
                return RowPredicate(relation.element, "in", tuple(sorted(set(names)))) if names else None
            case "terms":
                return self._ahead(parts["terms"], relation.element)
            case _:
                party = self._ground.parties.get(self._recipient)
                organisations = self._organisations(node, party) if party else ()
                return RowPredicate(relation.element, "in", organisations) if organisations else None

    def _organisations(self, node: Node, party: Party) -> tuple[Scalar, ...]:
        if not party.organisations:
            self._reader.problem(
                node,
                f"{party.id} names no education_organizations, which this condition means",
                f"add education_organizations: [..] with Ed-Fi ids to {party.id} under parties",
            )
        return party.organisations

    def _plain(self, node: Node, resource: Resource) -> RowPredicate | AheadPredicate | None:
        reader = self._reader
        parts = reader.entries(node, "a row condition", ("element", *_COMPARISONS), ("element",))
        comparisons = [name for name in parts if name != "element"]
        if "element" not in parts:
            return None
        if len(comparisons) != 1:
            count = "no comparison" if not comparisons else f"{len(comparisons)} comparisons, {' and '.join(comparisons)}"
            reader.problem(node, f"a row condition has one comparison; this has {count}", _EXAMPLE)
            return None
        element = self._element(parts["element"].value, resource)
        return self._compared(parts[comparisons[0]], element) if element else None

    def _element(self, node: Node, resource: Resource) -> Element | None:
        reader = self._reader
        path = reader.text(node, "element") or ""
        element = resource.elements.get(ElementPath(path))
        if element is None:
            within = resource.element(path) is not None
            message = f'"{path}" is a list inside {resource.name}' if within else f'"{path}" is not an element of {resource.name}'
            hint = "choose rows by an element that a record has once" if within else "the data dictionary lists its elements"
            reader.problem(node, message, hint if within else reader.suggestion(path, resource.elements) or hint)
            return None
        if element.sealed:
            reader.problem(
                node, f'rows cannot be chosen by "{path}": it identifies people', "choose rows by what they are, not by who"
            )
            return None
        return element

    def _compared(self, entry: Entry, element: Element) -> RowPredicate | AheadPredicate | None:
        reader, node = self._reader, entry.value
        if entry.name == "within":
            return self._within(node, element)
        comparison = cast(Comparison, entry.name)
        if comparison == "present":
            flag = reader.flag(node, "present")
            return None if flag is None else RowPredicate(element.path, "present", (flag,))
        if comparison in {"at_least", "at_most"} and element.type not in _ORDERED:
            reader.problem(entry.key, f'"{element.path}" is a {element.type}, which has no order', "use equals or in")
            return None
        if comparison == "in" and isinstance(node, MappingNode):
            values = self._listed(node, element)
        elif comparison == "in":
            read = [self._value(item, element) for item in reader.items(node, "in")]
            values = tuple(dict.fromkeys(value for value in read if value is not None))
            if not read:
                reader.problem(node, "in lists no value", "name one or more, as in [A, B]")
        else:
            one = self._value(node, element)
            values = () if one is None else (one,)
        return RowPredicate(element.path, comparison, values) if values else None

    def _listed(self, node: Node, element: Element) -> tuple[Scalar, ...]:
        """The values that `organisations_of` or a code list stands for."""
        reader = self._reader
        parts = reader.entries(node, "in", ("organisations_of", "code_list", "groups"))
        if "organisations_of" in parts and len(parts) == 1:
            name = reader.choice(parts["organisations_of"].value, "party of this agreement", tuple(self._ground.parties))
            party = self._ground.parties.get(InstitutionId(name)) if name else None
            if party and element.type != "integer":
                reader.problem(node, f'"{element.path}" is a {element.type}, not the id of an organisation', "name its values")
                return ()
            return self._organisations(parts["organisations_of"].value, party) if party else ()
        if {"code_list", "groups"} != parts.keys():
            reader.problem(
                node, "in takes values, a party's organisations or a code list with groups", "write {code_list: NAME, groups: [G]}"
            )
            return ()
        name = code_list_name(reader, parts["code_list"].value, self._code_lists)
        if name is None:
            return ()
        codes = self._code_lists[name]
        groups = {
            reader.choice(item, f"group of {name}", sorted(set(codes.values())))
            for item in reader.items(parts["groups"].value, "groups")
        }
        return tuple(sorted(code for code, group in codes.items() if group in groups))

    def _within(self, node: Node, element: Element) -> AheadPredicate | None:
        parts = self._reader.entries(node, "within", ("days", "terms"))
        if element.type != "date":
            self._reader.problem(node, f'"{element.path}" is a {element.type}; within is for dates', "use equals or in")
            return None
        if len(parts) != 1:
            self._reader.problem(node, "within counts either days or terms", "write within: {days: 30} or within: {terms: 2}")
            return None
        return self._ahead(next(iter(parts.values())), element.path)

    def _ahead(self, entry: Entry, element: ElementPath) -> AheadPredicate | None:
        unit: Unit = "terms" if entry.name == "terms" else "days"
        count = self._reader.whole(entry.value, unit, 1, _FURTHEST[unit])
        if count is None:
            return None
        if unit == "terms" and count > len(self._terms):
            self._reader.problem(
                entry.value,
                f"the next {count} terms are counted, but the agreement has {len(self._terms) or 'no'} academic_terms",
                "add academic_terms: {Spring 2027: 2027-05-14, ..} with the last day of each term",
            )
            return None
        return AheadPredicate(element, unit, count)

    def _value(self, node: Node, element: Element) -> Scalar | None:
        text = self._reader.text(node, "a value")
        value = None if text is None else _typed(text, element)
        if text is not None and value is None:
            kind, example = _KINDS.get(element.type, ("a text", "in words"))
            self._reader.problem(node, f'"{text}" is not {kind}, as "{element.path}" is', f"write {kind}, {example}")
        return value


def _says(node: Node, member: str) -> bool:
    return isinstance(node, MappingNode) and any(key.value == member for key, _ in node.value)


def code_list_name(reader: NodeReader, node: Node, lists: Mapping[str, object]) -> str | None:
    """The name of a code list that the agreement has."""
    if not lists:
        reader.problem(node, "the agreement has no code_lists", "add code_lists: {stem: {groups: {STEM: [code, code]}}}")
        return None
    return reader.choice(node, "code list of this agreement", tuple(lists))


def _typed(text: str, element: Element) -> Scalar | None:
    """A text as a value of the element's type, None when it is none."""
    match element.type:
        case "boolean":
            return {"true": True, "false": False}.get(text)
        case "integer" if _WHOLE.fullmatch(text) and abs(int(text)) <= LARGEST_NUMBER:
            return int(text)
        case "number" if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        case "date":
            try:
                return date.fromisoformat(text).isoformat() if len(text) == len("2026-07-01") else None
            except ValueError:
                return None
        case "string" | "descriptor" | "datetime":
            return text or None
        case _:
            return None


def _persons_fix(roles: list[str]) -> str:
    return f"write about: {' or '.join(roles)}" if roles else "remove the condition"
