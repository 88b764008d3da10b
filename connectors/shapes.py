"""JSON Schema of what each kind's own members hold, for the schema of source files (`source_schema.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from connectors.file_formats import ENDINGS
from connectors.file_sets import SET
from connectors.oneroster_words import CourseId, OrgId, SectionId, StaffId
from connectors.sql_rules import DIALECTS

Shape = Mapping[str, object]
TEXT: Shape = {"type": ["string", "number", "boolean"]}
"""A scalar: YAML's numbers and booleans are read as the texts that they are written as."""
FLAG: Shape = {"type": "boolean"}
WHOLE: Shape = {"type": ["integer", "string"], "pattern": "^[0-9]+$"}
TEXTS: Shape = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
BY_NAME: Shape = {"type": "object", "additionalProperties": TEXT}
CONDITION: Shape = {"type": "object", "additionalProperties": TEXTS, "minProperties": 1}
DISTANCE: Shape = {"type": "string", "pattern": "^[1-9][0-9]{0,3} ?[mhd]$", "description": "A number with m, h or d, as in 30m."}
FILE: Shape = {**TEXT, "description": f"A file of the place; * stands for anything, {SET} for the name of a set."}


def closed(properties: Mapping[str, Shape], required: Sequence[str] = ()) -> dict[str, object]:
    """A mapping that has no other members."""
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": dict(properties)}


def one_way(ways: Mapping[str, Shape]) -> dict[str, object]:
    """Exactly one of these members."""
    return {**closed(ways), "minProperties": 1, "maxProperties": 1}


SECRET: Shape = one_way({"env": TEXT, "file": TEXT, "kms": TEXT})
TEXT_OR_SECRET: Shape = {"anyOf": [TEXT, SECRET]}
HTTP: Mapping[str, Shape] = {
    "base": {"type": "string", "description": "The address, with https://."},
    "allow_hosts": TEXTS,
    "ca_file": TEXT,
    "limits": closed({"response_bytes": WHOLE, "seconds": WHOLE, "tries": WHOLE}),
}
_OAUTH2 = closed(
    {
        **dict.fromkeys(("token_url", "scope", "audience"), TEXT),
        "key": TEXT_OR_SECRET,
        "secret": SECRET,
        "style": {"enum": ["basic", "form"]},
        "base_from": {"enum": ["instance_url"]},
    },
    ("token_url", "key", "secret"),
)
_NAMED = closed({"name": TEXT, "value": SECRET}, ("name", "value"))
_SIGNATURE: Shape = {"enum": ["HMAC-SHA256", "HMAC-SHA1"]}
AUTH: Shape = one_way(
    {
        "bearer": SECRET,
        "basic": closed({"user": TEXT_OR_SECRET, "password": SECRET}, ("user",)),
        "header": _NAMED,
        "query": _NAMED,
        "oauth2": _OAUTH2,
        "oauth1": closed(
            {"key": TEXT_OR_SECRET, "secret": SECRET, "signature": {"enum": ["HMAC-SHA256", "HMAC-SHA1"]}}, ("key", "secret")
        ),
    }
)
_IN: Shape = {"enum": ["query", "body"]}
PAGING: Shape = one_way(
    {
        "page": closed({"param": TEXT, "size_param": TEXT, "size": WHOLE, "first": WHOLE, "in": _IN, "pages": TEXT}, ("param",)),
        "offset": closed({"param": TEXT, "limit_param": TEXT, "limit": WHOLE, "first": WHOLE, "in": _IN}, ("param",)),
        "next_link": closed({"path": TEXT, "done": TEXT}, ("path",)),
        "cursor": closed({"path": TEXT, "param": TEXT, "in": _IN, "done": TEXT}, ("path", "param")),
        "link_header": {"const": True},
        "none": {"const": True},
    }
)
DELIMITED: Mapping[str, Shape] = {
    "delimiter": {"type": "string", "description": "comma, tab, semicolon, pipe or one character."},
    "encoding": {"enum": ["auto", "utf-8", "utf-16", "cp1252"]},
    "quoting": {"enum": ["standard", "none"]},
}
LOCAL: Mapping[str, Shape] = {
    "location": {**TEXT, "description": "A folder or a zip, relative to this file."},
    "limits": closed({"unpacked_bytes": WHOLE, "ratio": WHOLE}),
    "file": TEXT,
    **DELIMITED,
}
_SFTP = closed(
    {**dict.fromkeys(("host", "user", "host_key", "folder"), TEXT), "port": WHOLE, "key": SECRET, "password": SECRET},
    ("host", "user", "host_key", "folder"),
)
_S3 = closed(
    {**dict.fromkeys(("bucket", "prefix", "region", "endpoint"), TEXT), "access_key": SECRET, "secret_key": SECRET},
    ("bucket", "region", "access_key", "secret_key"),
)
FILES: Mapping[str, Shape] = {
    "place": one_way({"folder": TEXT, "sftp": _SFTP, "s3": _S3}),
    "set": closed({"done": FILE, "manifest": FILE, "checksum": {"enum": ["sha256"]}}),
    "pgp": closed({"key": SECRET, "passphrase": SECRET, "signed_by": SECRET}, ("key",)),
    "after": {
        "anyOf": [{"const": "delete"}, closed({"move": TEXT}, ("move",))],
        "description": "What becomes of files when all their records are safe; without it they stay.",
    },
    "file": FILE,
    "format": {"enum": sorted(set(ENDINGS.values()))},
    "sheet": TEXT,
    **DELIMITED,
}
REST: Mapping[str, Shape] = {
    **HTTP,
    "auth": AUTH,
    "headers": BY_NAME,
    "path": TEXT,
    "method": {"enum": ["GET", "POST"]},
    "query": BY_NAME,
    "body": {"type": "object"},
    "items": {**TEXT, "description": "Where the list stands in an answer; without it the answer is the list."},
    "items_when_empty": {"enum": ["listed", "absent"]},
    "paging": PAGING,
    "total": {**TEXT, "description": "Where an answer says how many there are in all."},
}
EDFI: Mapping[str, Shape] = {
    **HTTP,
    "key": TEXT_OR_SECRET,
    "secret": SECRET,
    "page_rows": WHOLE,
    "parallel": WHOLE,
    "snapshot": FLAG,
    "path": TEXT,
    "filter": BY_NAME,
}
SQL: Mapping[str, Shape] = {
    "database": closed(
        {
            "dialect": {"enum": sorted(DIALECTS)},
            **dict.fromkeys(("host", "name", "file"), TEXT),
            "port": WHOLE,
            "user": TEXT_OR_SECRET,
            "password": SECRET,
            "options": BY_NAME,
        },
        ("dialect",),
    ),
    "url": SECRET,
    "statement_seconds": WHOLE,
    "table": TEXT,
    "query": TEXT,
    "watermark": TEXT,
    "overlap": DISTANCE,
    "deleted": CONDITION,
}
_ROSTER: Mapping[str, Shape] = {
    "staff_id": {"enum": list(get_args(StaffId))},
    "org_id": {"enum": list(get_args(OrgId))},
    "section_id": {"enum": list(get_args(SectionId))},
    "course_id": {"enum": list(get_args(CourseId))},
    "begin_date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "roles": BY_NAME,
    "not_staff": TEXTS,
    "grades": BY_NAME,
}
ONEROSTER: Mapping[str, Shape] = {
    **HTTP,
    **_ROSTER,
    "oneroster": {"enum": ["1.1", "1.2"]},
    "path": TEXT,
    "auth": AUTH,
    "page_rows": WHOLE,
    "filter": TEXT,
}
ONEROSTER_CSV: Mapping[str, Shape] = {**_ROSTER, "place": FILES["place"], "bundle": FILE, "limits": LOCAL["limits"]}
PUSH: Mapping[str, Shape] = {"deleted": CONDITION, **DELIMITED}
