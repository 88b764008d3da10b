"""Load the catalog: one YAML file a resource, checked as a whole, with file, line and column for every mistake."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import cast, get_args

from gateway.catalog.model import (
    PSEUDONYM_LENGTH,
    Catalog,
    Collection,
    Element,
    ElementType,
    Floor,
    Person,
    PiiKind,
    Reference,
    Resource,
    Sensitivity,
    SubjectType,
)
from gateway.domain.compose_yaml import compose
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader, nearest
from gateway.errors import FileErrors, FileProblem

FOLDER = Path(__file__).resolve().parent
DESCRIPTOR_LENGTH = 306
LONGEST = 10_000
LONGEST_SQL_NAME = 63
SQL_NAME_DIGITS = 8
MAINTAINERS = ("epp", "district")
SELF = "self"
_MEMBERS = ("resource", "title", "edfi", "key_space", "identity", "persons", "references", "collections", "elements")
_ELEMENT = ("description", "type", "max_length", "required", "class", "pii", "directory", "about", "stands_for", "floor")
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


@cache
def load_catalog() -> Catalog:
    """The catalog that ships with the program."""
    return read_catalog(FOLDER)


def read_catalog(folder: Path) -> Catalog:
    """Every resource of a folder. Raises `FileErrors` with every mistake of every file."""
    problems: list[FileProblem] = []
    resources: dict[ResourceName, Resource] = {}
    content = hashlib.sha256()
    for path in sorted(folder.glob("*.yaml")):
        content.update(path.read_bytes())
        reader = NodeReader(path.name)
        resource = _Reading(reader).resource(path)
        problems += reader.problems
        if resource is not None:
            resources[resource.name] = resource
    problems += [problem for resource in resources.values() for problem in _unresolved(resource, resources)]
    if problems:
        raise FileErrors(tuple(sorted(problems)))
    ordered = _in_order(resources)
    supertypes: dict[ResourceName, list[ResourceName]] = {}
    for resource in ordered.values():
        if resource.key_space != resource.name:
            supertypes.setdefault(resource.key_space, []).append(resource.name)
    return Catalog(
        MappingProxyType(ordered),
        MappingProxyType({name: tuple(members) for name, members in supertypes.items()}),
        content.hexdigest(),
    )


class _Reading:
    """Reads one file; notes what does not fit and goes on."""

    def __init__(self, reader: NodeReader) -> None:
        self._reader = reader

    def resource(self, path: Path) -> Resource | None:
        reader = self._reader
        root = compose(path, path.name)
        entries = reader.entries(root, "the file", _MEMBERS, ("resource", "title", "edfi", "identity", "elements"))
        name = reader.text(entries["resource"].value, "resource") if "resource" in entries else None
        if name is None or "elements" not in entries or "identity" not in entries:
            return None
        if snake_case(name) != path.stem:
            reader.problem(entries["resource"].value, f"the file of {name} is named {snake_case(name)}.yaml")
        persons = self._persons(entries["persons"]) if "persons" in entries else {}
        references = self._references(entries["references"]) if "references" in entries else {}
        lists = tuple(reader.items(entries["collections"].value, "collections")) if "collections" in entries else ()
        collections = [text for text in (reader.text(node, "collection") for node in lists) if text]
        elements = [
            element
            for entry in reader.entries(entries["elements"].value, "elements").values()
            if (element := self._element(entry, persons, references, collections)) is not None
        ]
        own = {element.path: element for element in elements if element.path.partition(".")[0] not in collections}
        members = {
            collection: Collection(
                collection,
                sql_name(f"{snake_case(name)}__{snake_case(collection)}"),
                MappingProxyType({e.path: e for e in elements if e.path.startswith(f"{collection}.")}),
            )
            for collection in collections
        }
        identity = self._paths(entries["identity"], own)
        self._check_members(entries, own, references, persons, identity)
        return Resource(
            name=ResourceName(name),
            table=snake_case(name),
            key_space=ResourceName(
                (reader.text(entries["key_space"].value, "key_space") or name) if "key_space" in entries else name
            ),
            edfi_path=reader.text(entries["edfi"].value, "edfi") if "edfi" in entries else None,
            title=(reader.text(entries["title"].value, "title") or "") if "title" in entries else "",
            identity=identity,
            elements=MappingProxyType(own),
            references=MappingProxyType(references),
            persons=MappingProxyType(persons),
            collections=MappingProxyType(members),
        )

    def _persons(self, entry: Entry) -> dict[str, Person]:
        reader, persons = self._reader, {}
        for role in reader.entries(entry.value, "persons").values():
            members = ("via", "subject_types", "maintained_by")
            parts = reader.entries(role.value, f"person {role.name}", members, members)
            if len(parts) == len(members):
                persons[role.name] = Person(
                    role.name,
                    reader.text(parts["via"].value, "via") or SELF,
                    cast(tuple[SubjectType, ...], self._choices(parts["subject_types"], "subject type", get_args(SubjectType))),
                    self._choices(parts["maintained_by"], "maintainer", MAINTAINERS),
                )
        return persons

    def _choices(self, entry: Entry, what: str, options: tuple[str, ...]) -> tuple[str, ...]:
        found = (self._reader.choice(node, what, options) for node in self._reader.items(entry.value, what))
        return tuple(word for word in found if word is not None)

    def _references(self, entry: Entry) -> dict[str, Reference]:
        reader, references = self._reader, {}
        for item in reader.entries(entry.value, "references").values():
            parts = reader.entries(item.value, item.name, ("target", "members", "outside"), ("target", "members"))
            if "target" in parts and "members" in parts:
                members = [reader.text(node, "member") for node in reader.items(parts["members"].value, "members")]
                references[item.name] = Reference(
                    name=item.name,
                    target=ResourceName(reader.text(parts["target"].value, "target") or ""),
                    members=tuple(ElementPath(member) for member in members if member),
                    column=sql_name(f"{snake_case(item.name)}_id"),
                    outside="outside" in parts and self._yes(parts["outside"]),
                )
        return references

    def _element(
        self, entry: Entry, persons: Mapping[str, Person], references: Mapping[str, Reference], collections: list[str]
    ) -> Element | None:
        reader, path = self._reader, entry.name
        parts = reader.entries(entry.value, path, _ELEMENT, ("description", "type", "class", "pii"))
        if not {"description", "type", "class", "pii"} <= parts.keys():
            return None
        kind = reader.choice(parts["type"].value, "type", get_args(ElementType))
        sensitivity = reader.choice(parts["class"].value, "class", get_args(Sensitivity))
        pii = reader.choice(parts["pii"].value, "kind of PII", get_args(PiiKind))
        about = reader.choice(parts["about"].value, "person of this resource", tuple(persons)) if "about" in parts else None
        if kind is None or sensitivity is None or pii is None:
            return None
        if (about is None) != (pii == "non_pii"):
            reader.problem(entry.key, f'"{path}" is about a person when it is PII: give both "about" and a kind of PII, or non_pii')
        length = reader.whole(parts["max_length"].value, "max_length", 1, LONGEST) if "max_length" in parts else None
        if kind == "descriptor":
            length = DESCRIPTOR_LENGTH
        stands_for = None
        if "stands_for" in parts:
            stands_for = reader.choice(parts["stands_for"].value, "reference", (SELF, *references))
            if kind != "string" or (length or 0) < PSEUDONYM_LENGTH:
                reader.problem(entry.key, f'"{path}" cannot hold a pseudonym: it is no string of {PSEUDONYM_LENGTH} or more')
        collection = path.partition(".")[0]
        return Element(
            path=ElementPath(path),
            type=cast(ElementType, kind),
            max_length=length,
            required="required" in parts and self._yes(parts["required"]),
            sensitivity=cast(Sensitivity, sensitivity),
            pii=cast(PiiKind, pii),
            directory="directory" in parts and self._yes(parts["directory"]),
            person=about,
            description=reader.text(parts["description"].value, "description") or "",
            column=column_of(path.partition(".")[2] if collection in collections else path),
            stands_for=stands_for,
            floor=cast(Floor | None, reader.choice(parts["floor"].value, "floor", get_args(Floor)) if "floor" in parts else None),
        )

    def _yes(self, entry: Entry) -> bool:
        return self._reader.choice(entry.value, f"{entry.name}, which is", ("true", "false")) == "true"

    def _paths(self, entry: Entry, known: Mapping[ElementPath, Element]) -> tuple[ElementPath, ...]:
        reader, paths = self._reader, []
        for node in reader.items(entry.value, entry.name):
            path = reader.text(node, entry.name)
            if path is not None and path not in known:
                reader.problem(node, f'"{path}" is not an element here{nearest(path, known)}')
            elif path is not None:
                paths.append(ElementPath(path))
        return tuple(paths)

    def _check_members(
        self,
        entries: Mapping[str, Entry],
        own: Mapping[ElementPath, Element],
        references: Mapping[str, Reference],
        persons: Mapping[str, Person],
        identity: tuple[ElementPath, ...],
    ) -> None:
        for reference in references.values():
            for member in reference.members:
                if member not in own:
                    self._reader.problem(
                        entries["references"].value, f'{reference.name}: "{member}" is not an element here{nearest(member, own)}'
                    )
        for person in persons.values():
            if person.via != SELF and person.via not in references:
                self._reader.problem(entries["persons"].value, f'{person.role}: "{person.via}" is not a reference here')
        for element in own.values():
            if element.stands_for is None:
                continue
            place = identity if element.stands_for == SELF else references[element.stands_for].members
            if element.path not in place:
                self._reader.problem(
                    entries["elements"].value, f'"{element.path}" stands for {element.stands_for} but is no part of its key'
                )


def _unresolved(resource: Resource, resources: Mapping[ResourceName, Resource]) -> list[FileProblem]:
    """References to resources that the catalog does not have, and people found through a record that is nobody's."""
    spaces = {known.key_space for known in resources.values()}
    lengths = {known.key_space: len(known.identity) for known in resources.values()}
    problems = []
    for reference in resource.references.values():
        if not reference.outside and reference.target not in spaces:
            message = f"{reference.name}: no resource has the key space {reference.target}{nearest(reference.target, spaces)}"
            problems.append(FileProblem(f"{resource.table}.yaml", 1, 1, message))
        elif not reference.outside and len(reference.members) != lengths[reference.target]:
            message = f"{reference.name}: the key of {reference.target} has {lengths[reference.target]} members"
            problems.append(FileProblem(f"{resource.table}.yaml", 1, 1, message))
    return problems


def _in_order(resources: Mapping[ResourceName, Resource]) -> dict[ResourceName, Resource]:
    """A resource after those it refers to; by name where that leaves a choice."""
    providers: dict[ResourceName, set[ResourceName]] = {}
    for resource in resources.values():
        providers.setdefault(resource.key_space, set()).add(resource.name)
    ordered: dict[ResourceName, Resource] = {}

    def place(name: ResourceName, above: frozenset[ResourceName]) -> None:
        if name in ordered or name in above:
            return
        for reference in resources[name].references.values():
            for target in sorted(providers.get(reference.target, ())):
                place(target, above | {name})
        ordered[name] = resources[name]

    for name in sorted(resources):
        place(name, frozenset())
    return ordered


def snake_case(name: str) -> str:
    """`fieldworkExperiences` -> `fieldwork_experiences`."""
    return _CAPITAL.sub("_", name).lower()


def column_of(path: str) -> str:
    """`candidateReference.candidateIdentifier` -> `candidate_candidate_identifier`."""
    *parents, name = path.split(".")
    words = "_".join([*(parent.removesuffix("Reference") for parent in parents), name])
    return sql_name(snake_case(words).replace("__", "_"))


def sql_name(name: str) -> str:
    """The name itself, or a prefix of it with a digest where PostgreSQL would cut it in silence."""
    if len(name) <= LONGEST_SQL_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:SQL_NAME_DIGITS]
    return f"{name[: LONGEST_SQL_NAME - SQL_NAME_DIGITS - 1]}_{digest}"
