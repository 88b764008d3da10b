"""JSON Schema (2020-12) of rules files, so that an editor completes names and marks what cannot be right while somebody writes.

It says less than `gateway alerts check`: whether a channel is one of the file, and a time zone one of the world, the reader judges.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.shapes import DISTANCE, SECRET, TEXT, TEXTS, Shape, closed, one_way
from gateway.alerts.read_channels import ALLOWED, TLS
from gateway.alerts.read_rules import COMMON, PARAMETERS, SEVERITIES, Whole
from gateway.alerts.rules import NAME, WEEKDAYS

_CLOCK: Shape = {"type": "string", "pattern": "^([01]?[0-9]|2[0-4]):00$", "description": 'A whole hour, as in "07:00".'}
_DAYS: Shape = {"enum": list(WEEKDAYS)}
_HOURS = closed(
    {"from": _CLOCK, "to": _CLOCK, "days": {"anyOf": [_DAYS, {"type": "array", "minItems": 1, "items": _DAYS}]}},
)
_ZONE: Shape = {"type": "string", "description": "A region and a city, as in America/Chicago."}
_PLACE: Shape = {"enum": list(ALLOWED)}
_EMAIL = closed(
    {
        **dict.fromkeys(("host", "user", "from", "ca_file"), TEXT),
        "port": {"type": "integer", "minimum": 1, "maximum": 65535},
        "tls": {"enum": list(TLS)},
        "password": SECRET,
        "to": TEXTS,
    },
    ("host", "from", "to"),
)
_WEBHOOK = closed(
    {
        "url": TEXT,
        "secret": SECRET,
        "allow": {"anyOf": [_PLACE, {"type": "array", "items": _PLACE}]},
        "ca_file": TEXT,
    },
    ("url", "secret"),
)


def rules_schema() -> dict[str, object]:
    """The schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Alert rules of the Educator Data Gateway",
        **closed(
            {
                "version": {"const": 1},
                "timezone": _ZONE,
                "hours": _HOURS,
                "channels": {
                    "type": "object",
                    "propertyNames": {"pattern": f"^{NAME.pattern}$", "not": {"const": "log"}},
                    "additionalProperties": one_way({"email": _EMAIL, "webhook": _WEBHOOK}),
                },
                "rules": {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": f"^{NAME.pattern}$"},
                    "additionalProperties": _rule(),
                },
            },
            ("version", "rules"),
        ),
    }


def _rule() -> Shape:
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {"enum": sorted(PARAMETERS)},
            "severity": {"enum": list(SEVERITIES)},
            "channels": TEXTS,
            "quiet": DISTANCE,
            "timezone": _ZONE,
            "hours": _HOURS,
        },
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": _of_kind(parameters)}
            for kind, parameters in PARAMETERS.items()
        ],
    }


def _of_kind(parameters: Mapping[str, Whole | None]) -> Shape:
    return {
        "propertyNames": {"enum": sorted((*COMMON, *parameters))},
        "properties": {
            name: DISTANCE if whole is None else {"type": "integer", "minimum": whole.low, "maximum": whole.high}
            for name, whole in parameters.items()
        },
    }
