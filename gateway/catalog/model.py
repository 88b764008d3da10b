"""The catalog's vocabulary: resources, their elements with the class that the law is applied to, references, people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.domain.identifiers import ElementPath, ResourceName

ElementType = Literal["string", "integer", "number", "boolean", "date", "datetime", "descriptor"]
Sensitivity = Literal["direct_identifier", "quasi_identifier", "sensitive", "free_text", "operational", "prohibited"]
PiiKind = Literal["direct_id", "parent_name", "address", "personal_identifier", "indirect_id", "linkable", "non_pii"]
SubjectType = Literal["candidate", "alumnus", "applicant", "employee", "k12_student", "nobody"]

Floor = Literal["record_level", "hiring", "evaluation"]
"""What no agreement can share record by record: nothing at all (`record_level`), nothing for placing and hiring (`hiring`),
nothing of an employee unless a state-law module allows it (`evaluation`)."""

SEALED: frozenset[Sensitivity] = frozenset({"direct_identifier", "free_text"})
"""Classes whose values never stand in a column of their own: any name can hide in free text."""

PSEUDONYM_LENGTH = 32


@dataclass(frozen=True)
class Element:
    """One element. `column` is its SQL name; `person` the role it is about, or None; `line` where the catalog file says so.

    `stands_for` is set on identity and reference members that are strings of 32 or more: the name of the reference whose
    surrogate a pseudonym encrypts, or `"self"` for the record's own.
    """

    path: ElementPath
    type: ElementType
    max_length: int | None
    required: bool
    sensitivity: Sensitivity
    pii: PiiKind
    directory: bool
    person: str | None
    description: str
    column: str
    stands_for: str | None
    floor: Floor | None = None

    @property
    def sealed(self) -> bool:
        return self.sensitivity in SEALED


@dataclass(frozen=True)
class Reference:
    """A reference to another resource by its natural key.

    `target` is a key space; `members` are this resource's element paths in the order of the target's identity; `column`
    holds the surrogate. `outside`: the target is no resource of the catalog, its keys are only told apart.
    """

    name: str
    target: ResourceName
    members: tuple[ElementPath, ...]
    column: str
    outside: bool = False


@dataclass(frozen=True)
class Person:
    """A person that a row is about: found through `via` (a reference's name, or `"self"`).

    Which of `subject_types` holds is a fact of the source; the first is assumed where the source file does not say."""

    role: str
    via: str
    subject_types: tuple[SubjectType, ...]
    maintained_by: tuple[str, ...]


@dataclass(frozen=True)
class Collection:
    """A list inside a record, a child table of its own; element paths start with the collection's name."""

    name: str
    table: str
    elements: Mapping[ElementPath, Element]


@dataclass(frozen=True)
class Resource:
    """One kind of record. `key_space` names the resource whose surrogates its identity shares (a school is an education
    organization); `persons` is in order of importance, the first is the row's `person_id`."""

    name: ResourceName
    table: str
    key_space: ResourceName
    edfi_path: str | None
    title: str
    identity: tuple[ElementPath, ...]
    elements: Mapping[ElementPath, Element]
    references: Mapping[str, Reference]
    persons: Mapping[str, Person]
    collections: Mapping[str, Collection]

    @property
    def stored_collections(self) -> Mapping[str, Collection]:
        """The collections that have anything the gateway may store."""
        return {
            name: collection
            for name, collection in self.collections.items()
            if any(element.sensitivity != "prohibited" for element in collection.elements.values())
        }

    def every_element(self) -> Iterator[Element]:
        """The record's own elements, then those of each collection, in catalog order."""
        yield from self.elements.values()
        for collection in self.collections.values():
            yield from collection.elements.values()

    def key_space_of(self, element: Element) -> ResourceName | None:
        """The key space of the record that an element names; None for an element that names none."""
        if element.stands_for is None:
            return None
        return self.key_space if element.stands_for == "self" else self.references[element.stands_for].target

    def element(self, path: str) -> Element | None:
        """The element at a path, inside a collection too; None when the catalog has none."""
        own = self.elements.get(ElementPath(path))
        if own is not None:
            return own
        collection = self.collections.get(path.partition(".")[0])
        return collection.elements.get(ElementPath(path)) if collection else None


def person_column(resource: Resource, role: str) -> str:
    """The column that holds the person of a role; the first person is the row's own."""
    return "person_id" if next(iter(resource.persons)) == role else f"{role}_person_id"


@dataclass(frozen=True)
class Catalog:
    """Every resource, by name, in dependency order: a resource comes after those it refers to."""

    resources: Mapping[ResourceName, Resource]
    supertypes: Mapping[ResourceName, tuple[ResourceName, ...]]
    digest: str

    def resource(self, name: str) -> Resource | None:
        return self.resources.get(ResourceName(name))

    def person_resources(self) -> Mapping[ResourceName, Resource]:
        """The resources whose identity is a person's, as `candidates`."""
        return {
            name: resource
            for name, resource in self.resources.items()
            if any(person.via == "self" for person in resource.persons.values())
        }

    def named_by(self, resource: Resource, element: Element) -> Resource | None:
        """The resource whose records an element names, so that a roster can list them by it; None where the catalog has none."""
        key_space = resource.key_space_of(element)
        return None if key_space is None else self.resource(key_space)
