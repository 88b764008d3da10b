"""What derives from the catalog: the policy's data, the agreement file's JSON Schema and the data dictionary.

`python -m gateway.catalog.describe` writes them into a checkout; a test fails when one of them has drifted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from gateway.catalog.agreement_schema import agreement_schema
from gateway.catalog.load import load_catalog
from gateway.catalog.model import Catalog, Element, Floor, Resource

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
                        "names": None if (named := catalog.named_by(resource, element)) is None else named.name,
                        "type": element.type,
                        "floor": element.floor,
                    }
                    for element in resource.every_element()
                },
            }
            for resource in catalog.resources.values()
        }
    }


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
