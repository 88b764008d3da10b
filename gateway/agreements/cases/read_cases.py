"""Read a file of cases (`NAME.cases.yaml`); every mistake is told with line and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import get_args

from ruamel.yaml.nodes import Node, ScalarNode

from gateway.catalog.model import Catalog, Resource
from gateway.domain.agreement import FORMATS, PURPOSES, AgreementState
from gateway.domain.compose_yaml import compose
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.treatments import Pseudonymise, RedactText, ReturnOwnId, Share, spoken
from gateway.domain.yaml_nodes import Entry, NodeReader, nearest
from gateway.errors import FileErrors

HIDDEN = "hidden"
_FILE = ("agreement", "day", "cases")
_CASE = ("case", "institution", "purposes", "request", "state", "day", "expect", "elements", "rules")
_REQUEST = ("resource", "purpose", "provider", "agreement", "operation", "format", "filters")


@dataclass(frozen=True)
class Asked:
    """One request of a case."""

    resource: ResourceName
    purpose: str
    provider: str | None
    agreement: str | None
    filters: tuple[ElementPath, ...]


@dataclass(frozen=True)
class Case:
    """What is asked, by whom, on which day, and what should come of it.

    `elements` maps a path to how it should be seen, in the words of `spoken` (`generalise:year`), or to `hidden`; `rules` are
    those that a denial must give as reasons, or that a permit must satisfy, among others.
    """

    name: str
    line: int
    institution: str
    purposes: tuple[str, ...]
    asked: Asked
    state: AgreementState
    day: date
    permits: bool
    elements: Mapping[ElementPath, str]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class CaseFile:
    """The cases of one agreement; `agreement` is its file."""

    agreement: Path
    cases: tuple[Case, ...]


def read_cases(path: Path, catalog: Catalog) -> CaseFile:
    """Raises `FileErrors` with every mistake, `ConfigurationError` when the file cannot be opened."""
    reader = NodeReader(str(path))
    entries = reader.entries(compose(path, str(path)), "a file of cases", _FILE, _FILE)
    cases: list[Case] = []
    agreement = ""
    if set(_FILE) <= entries.keys():
        agreement = reader.text(entries["agreement"].value, "agreement") or ""
        day = _day(reader, entries["day"])
        reading = _Reading(reader, catalog, day or date.min)
        found = [reading.case(node) for node in reader.items(entries["cases"].value, "cases")]
        cases = [case for case in found if case is not None]
        if not found:
            reader.problem(entries["cases"].value, "write at least one case")
    if reader.problems:
        raise FileErrors(tuple(sorted(set(reader.problems))))
    return CaseFile(path.parent / agreement, tuple(cases))


def _day(reader: NodeReader, entry: Entry) -> date | None:
    text = reader.text(entry.value, entry.name)
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        reader.problem(entry.value, f'"{text}" is not a day; write it as 2026-11-24')
        return None


class _Reading:
    def __init__(self, reader: NodeReader, catalog: Catalog, day: date) -> None:
        self._reader = reader
        self._catalog = catalog
        self._day = day

    def case(self, node: Node) -> Case | None:
        reader = self._reader
        parts = reader.entries(node, "a case", _CASE, ("case", "institution", "request", "expect"))
        if not {"case", "institution", "request", "expect"} <= parts.keys():
            return None
        asked, resource = self._asked(parts["request"])
        expected = reader.choice(parts["expect"].value, "way it ends", ("permit", "deny"))
        if asked is None or resource is None or expected is None:
            return None
        purposes = (
            tuple(reader.text(item, "purpose") or "" for item in reader.items(parts["purposes"].value, "purposes"))
            if ("purposes" in parts)
            else (asked.purpose,)
        )
        state = reader.choice(parts["state"].value, "state", get_args(AgreementState)) if "state" in parts else "in_force"
        day = _day(reader, parts["day"]) if "day" in parts else self._day
        rules = (
            tuple(reader.text(item, "rule") or "" for item in reader.items(parts["rules"].value, "rules"))
            if "rules" in parts
            else ()
        )
        if "elements" in parts and expected == "deny":
            reader.problem(parts["elements"].key, "a denial shows no elements; leave elements out, or expect: permit")
        return Case(
            name=reader.text(parts["case"].value, "case") or "",
            line=node.start_mark.line + 1,
            institution=reader.text(parts["institution"].value, "institution") or "",
            purposes=purposes,
            asked=asked,
            state=state or "in_force",  # type: ignore[arg-type]  # one of the options
            day=day or self._day,
            permits=expected == "permit",
            elements=self._elements(parts["elements"], resource) if "elements" in parts else {},
            rules=rules,
        )

    def _asked(self, entry: Entry) -> tuple[Asked | None, Resource | None]:
        reader = self._reader
        parts = reader.entries(entry.value, "a request", _REQUEST, ("resource", "purpose"))
        if not {"resource", "purpose"} <= parts.keys():
            return None, None
        name = reader.choice_of_many(parts["resource"].value, "resource", self._catalog.resources)
        purpose = reader.choice(parts["purpose"].value, "purpose", PURPOSES)
        resource = self._catalog.resource(name or "")
        if name is None or purpose is None or resource is None:
            return None, None
        if "format" in parts:
            reader.choice(parts["format"].value, "format", FORMATS)
        filters = reader.items(parts["filters"].value, "filters") if "filters" in parts else ()
        asked = Asked(
            ResourceName(name),
            purpose,
            reader.text(parts["provider"].value, "provider") if "provider" in parts else None,
            reader.text(parts["agreement"].value, "agreement") if "agreement" in parts else None,
            tuple(path for path in (self._path(node, resource) for node in filters) if path is not None),
        )
        return asked, resource

    def _path(self, node: Node, resource: Resource) -> ElementPath | None:
        text = self._reader.text(node, "element")
        if text is None or resource.element(text) is not None:
            return None if text is None else ElementPath(text)
        known = [element.path for element in resource.every_element()]
        self._reader.problem(node, f'"{text}" is not an element of {resource.name}{nearest(text, known)}')
        return None

    def _elements(self, entry: Entry, resource: Resource) -> dict[ElementPath, str]:
        found: dict[ElementPath, str] = {}
        for item in self._reader.entries(entry.value, "elements").values():
            path = self._path(item.key, resource)
            seen = self._seen(item)
            if path is not None and seen is not None:
                found[path] = seen
        return found

    def _seen(self, item: Entry) -> str | None:
        """`share`, `pseudonymise`, `hidden`, `{mask: initial}`, `{generalise: year}`, `{generalise: {age_band: 5}}`."""
        reader = self._reader
        if isinstance(item.value, ScalarNode):
            return reader.choice(item.value, "way to see an element", (*_PLAIN, HIDDEN))
        parts = reader.entries(item.value, f"what {item.name} is seen as", ("mask", "generalise"))
        if len(parts) != 1:
            reader.problem(item.value, "write one word, or {generalise: year}, or {mask: initial}")
            return None
        [(kind, how)] = parts.items()
        if isinstance(how.value, ScalarNode):
            return f"{kind}:{reader.text(how.value, kind)}"
        inner = reader.entries(how.value, kind)
        if len(inner) != 1:
            reader.problem(how.value, "write one of them, as in {age_band: 5}")
            return None
        [(name, by)] = inner.items()
        return f"{kind}:{name}:{reader.text(by.value, name)}"


_PLAIN = tuple(spoken(treatment) for treatment in (Share(), Pseudonymise(), ReturnOwnId(), RedactText()))
