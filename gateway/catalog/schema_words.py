"""The small pieces that the agreement file's JSON Schema is put together from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_PARAMETER = r"\$\{[a-z][a-z0-9_]*\}"

PARAMETER: Mapping[str, object] = {"type": "string", "pattern": _PARAMETER}
TEXT: Mapping[str, object] = {"type": ["string", "number"], "minLength": 1}
SLUG: Mapping[str, object] = {
    "type": "string",
    "pattern": f"^([a-z0-9]|{_PARAMETER})([a-z0-9-]|{_PARAMETER})*$",
}
DAY: Mapping[str, object] = {"type": "string", "pattern": rf"^([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|.*{_PARAMETER}.*)$"}
YES_OR_NO: Mapping[str, object] = {"type": "boolean"}
LIST: Mapping[str, object] = {"anyOf": [{"type": "array", "minItems": 1, "items": TEXT}, TEXT]}
"""A list of texts; one text alone is a list of one."""


def closed(properties: Mapping[str, object], required: Sequence[str]) -> dict[str, object]:
    """A mapping that has no other members."""
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": dict(properties)}


def listed(item: Mapping[str, object]) -> dict[str, object]:
    """A list of one or more."""
    return {"type": "array", "minItems": 1, "items": item}


def choice(options: Sequence[str], description: str) -> dict[str, object]:
    """One of these words, or a parameter."""
    words: dict[str, object] = {"anyOf": [{"enum": list(options)}, PARAMETER]} if options else {"not": {}}
    return {**words, "description": description} if description else words


def whole(low: int, high: int) -> dict[str, object]:
    """A whole number, or a parameter."""
    return {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, PARAMETER]}
