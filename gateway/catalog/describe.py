"""What derives from the catalog: the policy's data, the agreement file's JSON Schema and the data dictionary.

`python -m gateway.catalog.describe` writes them into a checkout; a test fails when one of them has drifted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import orjson

from gateway.catalog.load import load_catalog
from gateway.catalog.model import Catalog, Element, Floor, Resource
from gateway.domain.agreement import BASES, PURPOSES, SLUG
from gateway.domain.treatments import Generalisation, Mask

FLOORS: Mapping[Floor, str] = {
    "record_level": "never record by record",
    "hiring": "never for placing or hiring",
    "evaluation": "evaluation",
}
DERIVED = ("policies/catalog/data.json", "policies/schemas/agreement.schema.json", "gateway/catalog/DICTIONARY.md")


def describe(catalog: Catalog) -> Mapping[str, str]:
    """The text of every derived file, by its path in the checkout."""
    policy_data = orjson.dumps(policy_facts(catalog), option=orjson.OPT_INDENT_2).decode() + "\n"
    schema = orjson.dumps(agreement_schema(catalog), option=orjson.OPT_INDENT_2).decode() + "\n"
    return dict(zip(DERIVED, (policy_data, schema, "\n".join(_dictionary(catalog)) + "\n"), strict=True))


def policy_facts(catalog: Catalog) -> Mapping[str, object]:
    """`data.catalog` of the policy bundle: for each resource its persons, and the law's attributes of each element."""
    return {
        "resources": {
            resource.name: {
                "persons": {role: {"subject_types": list(person.subject_types)} for role, person in resource.persons.items()},
                "elements": {
                    element.path: {
                        "class": element.sensitivity,
                        "pii": element.pii,
                        "directory": element.directory,
                        "person": element.person,
                        "pseudonymisable": element.stands_for is not None,
                        "type": element.type,
                        "floor": element.floor,
                    }
                    for element in resource.every_element()
                },
            }
            for resource in catalog.resources.values()
        }
    }


def agreement_schema(catalog: Catalog) -> Mapping[str, object]:
    """JSON Schema (2020-12) of the agreement file, so that an editor can complete names while somebody writes one."""
    text = {"type": "string", "minLength": 1}
    slug = {"type": "string", "pattern": SLUG}
    basis = {
        "type": "object",
        "required": ["basis", "citation"],
        "properties": {"basis": {"enum": list(BASES)}, "citation": text},
    }
    purposes = {"type": "array", "items": {"enum": list(PURPOSES)}, "minItems": 1}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Agreement, version 1",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "id", "title", "timezone", "term", "parties", "destruction", "schedules"],
        "properties": {
            "version": {"const": 1},
            "id": slug,
            "title": text,
            "timezone": text,
            "term": _closed({"from": {"format": "date"}, "until": {"format": "date"}}, ("from", "until")),
            "parties": {
                "type": "object",
                "minProperties": 2,
                "propertyNames": slug,
                "additionalProperties": _closed(
                    {"name": text, "kind": {"type": "array", "items": {"enum": ["epp", "district"]}}, "contact": text},
                    ("name", "kind"),
                ),
            },
            "redisclosure": _closed({"allowed": {"const": False}, "notice": text}, ("allowed", "notice")),
            "destruction": _closed(
                {"days_after_end": {"type": "integer", "minimum": 0}, "method": text, "certification": {"type": "boolean"}},
                ("days_after_end",),
            ),
            "minimum_cell_size": {"type": "integer", "minimum": 1},
            "schedules": {
                "type": "array",
                "minItems": 1,
                "items": _closed(
                    {
                        "id": slug,
                        "provider": slug,
                        "recipient": slug,
                        "legal_basis": basis,
                        "purposes": {
                            "type": "object",
                            "propertyNames": {"enum": list(PURPOSES)},
                            "minProperties": 1,
                            "additionalProperties": _closed({"legitimate_interest": text}, ("legitimate_interest",)),
                        },
                        "resources": {
                            "type": "object",
                            "minProperties": 1,
                            "additionalProperties": False,
                            "properties": {
                                resource.name: _resource_schema(resource, basis, purposes)
                                for resource in catalog.resources.values()
                            },
                        },
                    },
                    ("id", "provider", "recipient", "legal_basis", "purposes", "resources"),
                ),
            },
        },
        "$defs": {"treatment": {"anyOf": [{"enum": ["share", "withhold", "aggregate_only", "pseudonymise"]}, *_parametrised()]}},
    }


def _parametrised() -> list[Mapping[str, object]]:
    return [
        _closed({"generalise": {"enum": list(get_args(Generalisation))}}, ("generalise",)),
        _closed({"mask": {"enum": list(get_args(Mask))}}, ("mask",)),
    ]


def _resource_schema(resource: Resource, basis: Mapping[str, object], purposes: Mapping[str, object]) -> Mapping[str, object]:
    paths = [element.path for element in resource.every_element() if element.sensitivity != "prohibited"]
    row = {
        "element": {"enum": paths},
        "equals": {},
        "in": {"type": "array"},
        "at_least": {},
        "at_most": {},
        "present": {"type": "boolean"},
    }
    return _closed(
        {
            "purposes": purposes,
            "legal_basis": basis,
            "persons": {
                "type": "object",
                "additionalProperties": False,
                "properties": {role: _closed({"legal_basis": basis}, ("legal_basis",)) for role in resource.persons},
            },
            "rows": {"type": "array", "items": {**_closed(row, ("element",)), "minProperties": 2, "maxProperties": 2}},
            "elements": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {path: {"$ref": "#/$defs/treatment"} for path in paths},
            },
        },
        ("elements",),
    )


def _closed(properties: Mapping[str, object], required: tuple[str, ...]) -> dict[str, object]:
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def _dictionary(catalog: Catalog) -> Iterator[str]:
    yield "# Data dictionary"
    yield ""
    yield "Made from the files beside this one by `python -m gateway.catalog.describe`; do not edit it."
    yield "What an element may be is decided by three things: its **class** (how it is stored and which treatments fit),"
    yield "the **kind of PII** of 34 CFR 99.3 that it is, and whether it can be **directory information**. *About* is the person"
    yield "of the row whom the element speaks of; *key* marks the members of a record's identity."
    for resource in catalog.resources.values():
        yield from _section(resource)


def _section(resource: Resource) -> Iterator[str]:
    yield ""
    yield f"## {resource.name}"
    yield ""
    yield f"{resource.title}. Ed-Fi: `{resource.edfi_path}`; table `{resource.table}`."
    for person in resource.persons.values():
        kinds = ", ".join(kind.replace("_", "-") for kind in person.subject_types)
        yield f"Person *{person.role}* (through `{person.via}`): {kinds}; maintained by {' or '.join(person.maintained_by)}."
    yield ""
    yield "| element | type | class | PII | directory | about | |"
    yield "|---|---|---|---|---|---|---|"
    for element in resource.every_element():
        yield f"| `{element.path}` | {_type(element)} | {element.sensitivity} | {element.pii} | {_yes(element.directory)} | " + (
            f"{element.person or ''} | {', '.join(_marks(element, resource))} |"
        )


def _type(element: Element) -> str:
    return f"{element.type} {element.max_length}" if element.type == "string" and element.max_length else element.type


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _marks(element: Element, resource: Resource) -> Iterator[str]:
    if element.path in resource.identity:
        yield "key"
    if element.stands_for is not None:
        yield "pseudonymisable"
    if element.floor is not None:
        yield FLOORS[element.floor]


def write(checkout: Path) -> list[str]:
    """Write what differs; gives the paths that were written."""
    written = []
    for path, text in describe(load_catalog()).items():
        file = checkout / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            written.append(path)
    return written


if __name__ == "__main__":
    sys.stdout.write("".join(f"wrote {path}\n" for path in write(Path(__file__).resolve().parents[2])))
