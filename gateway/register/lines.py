"""Write entries about a person for machines: JSON objects, and CSV with one row an entry."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import orjson

from gateway.domain.times import utc_text
from gateway.encode.csv_text import inert
from gateway.register.told import Told

COLUMNS = (
    "time",
    "local_time",
    "timezone",
    "kind",
    "happened",
    "recipient",
    "recipient_name",
    "recipient_contact",
    "client",
    "purpose",
    "legitimate_interest",
    "agreement",
    "agreement_version",
    "schedule",
    "resource",
    "bases",
    "exempt",
    "elements",
    "further_disclosure",
    "entry",
    "log",
    "index",
)


def as_object(told: Told) -> dict[str, object]:
    """One entry as a JSON tree."""
    return {
        "kind": told.kind,
        "entry": told.entry,
        "log": told.log_id,
        "index": told.index,
        "time": utc_text(told.at),
        "local_time": told.at.isoformat(timespec="seconds"),
        "timezone": told.timezone,
        "happened": told.happened,
        "recipient": {"id": told.recipient, "name": told.recipient_name, "contact": told.recipient_contact},
        "client": told.client,
        "purpose": told.purpose,
        "legitimate_interest": told.legitimate_interest,
        "agreement": {"id": told.agreement, "version": told.agreement_version, "title": told.agreement_title},
        "clause": {"schedule": told.schedule, "resource": told.resource, "title": told.resource_title},
        "bases": [{"role": one.role, "basis": one.basis, "citation": one.citation, "in_words": one.in_words} for one in told.bases],
        "exempt": None if told.exempt is None else {"reason": told.exempt.reason, "citation": told.exempt.citation},
        "elements": [{"element": one.element, "description": one.description, "shown": one.how} for one in told.elements],
        "further_disclosure": {
            "allowed": told.may_pass_on,
            "parties": [{"name": one.name, "legitimate_interest": one.legitimate_interest} for one in told.further],
        },
    }


def as_json(subject: str, told: Sequence[Told], more: Mapping[str, object]) -> bytes:
    """A whole record; `more` are members beside it."""
    return orjson.dumps({"about": subject, **more, "data": [as_object(one) for one in told]}, option=orjson.OPT_INDENT_2)


def as_csv(told: Sequence[Told]) -> bytes:
    """UTF-8 with a header (RFC 4180). A text that a spreadsheet could run gets a `'` in front."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    rows.writerows([inert(cell) for cell in _row(one)] for one in told)
    return text.getvalue().encode()


def _row(told: Told) -> tuple[object, ...]:
    exempt = "" if told.exempt is None else f"{told.exempt.reason} ({told.exempt.citation})"
    return (
        utc_text(told.at),
        told.at.isoformat(timespec="seconds"),
        told.timezone,
        told.kind,
        told.happened,
        told.recipient,
        told.recipient_name,
        told.recipient_contact,
        told.client,
        told.purpose,
        told.legitimate_interest,
        told.agreement,
        told.agreement_version,
        told.schedule,
        told.resource,
        "; ".join(f"{one.role}: {one.basis}, {one.citation}" for one in told.bases),
        exempt,
        "; ".join(f"{one.element}: {one.how}" for one in told.elements),
        "; ".join(f"{one.name} ({one.legitimate_interest})" for one in told.further),
        told.entry,
        told.log_id,
        told.index,
    )
