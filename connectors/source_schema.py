"""JSON Schema (2020-12) of source files, so that an editor completes names and marks what cannot be right while somebody writes.

It is made from what the kinds there are and the catalog have, so it knows a third party's kind too. It says less than
`gateway source check`: what two members say together only the reader judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.kind import Kind
from connectors.resource_rules import MAPPING, SUBJECT_TYPES
from connectors.rights_rules import MEMBERS as RIGHTS_MEMBERS
from connectors.rights_rules import SAID
from connectors.shapes import BY_NAME, CONDITION, DISTANCE, FLAG, TEXT, TEXTS, WHOLE, Shape, closed
from connectors.source import Known
from connectors.source_file import REQUIRED, TOP
from gateway.domain.identifiers import ResourceName

_SLUG: Shape = {"type": ["string", "integer"], "pattern": "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"}
_MAINTAINER = closed({"kind": {"enum": ["epp", "district"]}}, ("kind",))
_SCHEDULE = {
    **closed({"every": DISTANCE, "cron": TEXT, "zone": TEXT, "late_after": DISTANCE}),
    "oneOf": [{"required": ["every"]}, {"required": ["cron"]}],
}
_EMPTY: Shape = {"anyOf": [TEXT, {"type": "array", "items": {"anyOf": [TEXT, {"type": "null"}]}}]}
"""An unquoted NULL is YAML's null for an editor, and the word for the reader."""
_NUMBERS = closed({"from": WHOLE, "to": WHOLE}, ("from", "to"))


def source_schema(known: Mapping[ResourceName, Known], kinds: Mapping[str, Kind]) -> dict[str, object]:
    """The schema for these kinds of source and the resources of a catalog."""
    people = {name: found for name, found in known.items() if found.person_key}
    rights: dict[str, object] = {
        kind: closed({name: _rights(found, said) for name, found in people.items()}) for kind, (said, _required) in SAID.items()
    }
    top: dict[str, object] = {
        "version": {"const": 1},
        "id": _SLUG,
        "provider": {**_SLUG, "description": "The institution whose records these are, as in the agreements."},
        "maintainer": {**_MAINTAINER, "description": "Who keeps the records: it decides which law holds."},
        "kind": {"enum": sorted(kinds)},
        "schedule": _SCHEDULE,
        "lookups": {"type": "object", "additionalProperties": BY_NAME},
        "defaults": {"type": "object"},
        "resources": closed({name: _resource(found) for name, found in known.items()}),
        **rights,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Source file of the Educator Data Gateway",
        "type": "object",
        "required": list(REQUIRED),
        "properties": top,
        "allOf": [
            {"if": {"properties": {"kind": {"const": name}}, "required": ["kind"]}, "then": _of_kind(kind, known)}
            for name, kind in sorted(kinds.items())
        ],
    }


def _of_kind(kind: Kind, known: Mapping[ResourceName, Known]) -> dict[str, object]:
    """What a kind adds: its own members, and nothing of another's."""
    resource_members = {name: kind.shapes.get(name, {}) for name in kind.resource_members}
    formats = {name: kind.shapes.get(name, {}) for name in kind.defaults}

    def each(names: Iterable[str], required: Iterable[str]) -> dict[str, object]:
        return {
            "propertyNames": {"enum": sorted({*kind.resource_members, *names})},
            "required": sorted({*kind.resource_required, *required}),
            "properties": resource_members,
        }

    members: dict[str, object] = {name: kind.shapes.get(name, {}) for name in kind.members}
    mapped = [name for name, found in known.items() if kind.preset(name, found) is not None]
    right = {"additionalProperties": each(RIGHTS_MEMBERS, ("columns",))}
    return {
        "propertyNames": {"enum": sorted({*TOP, *kind.members})},
        "required": list(kind.required),
        "properties": {
            **members,
            "defaults": closed({**formats, "empty": _EMPTY, "dates": TEXTS}),
            "resources": {
                "properties": {name: each(MAPPING, ()) for name in mapped},
                "additionalProperties": each(MAPPING, ("columns",)),
            },
            **{str(name): right for name in SAID},
        },
    }


def _resource(known: Known) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {
            "empty": _EMPTY,
            "columns": _columns(known.elements),
            "joined": closed({path: closed({"columns": TEXTS, "with": TEXT}, ("columns",)) for path in sorted(known.elements)}),
            "only": CONDITION,
            "constants": closed(dict.fromkeys(sorted(known.elements), TEXT)),
            "collections": closed({name: _collection(paths) for name, paths in known.collections.items()}),
            "repeat": _NUMBERS,
            "fold": TEXTS,
            "ignore": TEXTS,
            "subjects": closed({role: {"enum": sorted(SUBJECT_TYPES)} for role in sorted(known.roles)}),
            "maintainer": _MAINTAINER,
        },
    }


def _collection(paths: frozenset[str]) -> dict[str, object]:
    members = {"columns": _columns(paths), "constants": closed(dict.fromkeys(sorted(paths), TEXT))}
    return closed({**members, "from": WHOLE, "to": WHOLE, "each": TEXT}, ("columns",))


def _rights(known: Known, said: frozenset[str]) -> dict[str, object]:
    paths = said | known.person_key
    return {
        "type": "object",
        "properties": {
            "empty": _EMPTY,
            "columns": _columns(paths),
            "constants": closed(dict.fromkeys(sorted(paths), TEXT)),
            "ignore": TEXTS,
        },
    }


def _columns(paths: frozenset[str]) -> dict[str, object]:
    """Columns by the source's own names, which no schema knows; the elements that they feed it does."""
    path: Shape = {"enum": sorted(paths)}
    listed: Shape = {"type": "array", "minItems": 1, "items": path}
    some: Shape = {"anyOf": [path, listed]}
    long_form = closed(
        {
            "element": some,
            "date": {"anyOf": [FLAG, TEXTS]},
            "lookup": {"anyOf": [BY_NAME, {"type": "string"}]},
            "prefix": TEXT,
            "split": TEXT,
            "into": {"anyOf": [path, {"type": "array", "items": {"anyOf": [path, {"type": "array", "items": path}]}}]},
            "when": {**CONDITION, "maxProperties": 1},
        }
    )
    named = {**long_form, "oneOf": [{"required": ["element"]}, {"required": ["split", "into"]}]}
    return {"type": "object", "additionalProperties": {"anyOf": [path, listed, named]}}
